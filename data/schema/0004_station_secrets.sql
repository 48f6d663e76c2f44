-- What a station proves itself with (OCPP security profiles 1 and 2); never the secret itself.
CREATE TABLE station_secret (
    station VARCHAR PRIMARY KEY,
    secret  VARCHAR   NOT NULL,          -- see data/station_secrets.py
    set_at  TIMESTAMP NOT NULL
);
