-- What customers asked to be told of their own stations. The observations are the source; here is how it stands.
CREATE TABLE subscription (
    subscription_id VARCHAR PRIMARY KEY, -- made of the address, without it
    email           VARCHAR   NOT NULL,
    party           VARCHAR   NOT NULL,  -- the customer as in the register
    stations        VARCHAR[] NOT NULL,  -- empty: all of the customer's
    kinds           VARCHAR[] NOT NULL,  -- down, up
    language        VARCHAR   NOT NULL,
    active          BOOLEAN   NOT NULL,
    changed_at      TIMESTAMP NOT NULL
);
