// One charge point made of a library that others wrote, led step by step: a JSON line in, a JSON line out.
// Steps: ["connect"], ["call", [action, payload]], ["close", 1000 | 1005 | 1006]. Ends when its input ends.
'use strict';
const readline = require('node:readline');

const told = JSON.parse(process.argv[2]);

// ocpp-rpc encodes the identity itself; in strict mode it checks every answer against its own schemas.
function rpc() {
    const { RPCClient } = require('ocpp-rpc');
    let client;
    return {
        async connect() {
            client = new RPCClient({
                endpoint: told.endpoint,
                identity: told.identity,
                protocols: [told.protocol],
                strictMode: told.strict,
                reconnect: false,
                callTimeoutMs: 15000,
            });
            for (const [action, answer] of Object.entries(told.answers)) {
                client.handle(action, () => answer);
            }
            await client.connect();
            return client.protocol;
        },
        call: ([action, payload]) => client.call(action, payload),
        socket: () => client._ws,
        leave: () => client.close({ code: 1000, reason: 'done' }),
    };
}

// ocpp-ts speaks OCPP 1.6 only and joins address and identity as they are.
function ts() {
    const { OcppClient } = require('ocpp-ts');
    let client;
    return {
        connect: () => new Promise((resolve, reject) => {
            client = new OcppClient(encodeURIComponent(told.identity));
            for (const [action, answer] of Object.entries(told.answers)) {
                client.on(action, (request, reply) => reply(answer));
            }
            client.on('error', reject);
            client.on('connect', () => resolve(client.connection.socket.protocol));
            client.connect(`${told.endpoint}/`);
        }),
        call: ([action, payload]) => client.callRequest(action, payload),
        socket: () => client.connection.socket,
        leave: () => client.connection.socket.close(1000, 'done'),
    };
}

async function main() {
    const point = { rpc, ts }[told.library]();
    const steps = {
        connect: () => point.connect(),
        call: (value) => point.call(value),
        async close(code) {
            const socket = point.socket();
            const gone = new Promise((resolve) => socket.once('close', resolve));
            if (code === 1000) {
                point.leave();
            } else if (code === 1005) {
                socket.close();
            } else {
                socket.terminate();
            }
            await gone;
            return code;
        },
    };
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const [step, value] = JSON.parse(line);
        let answer;
        try {
            answer = { ok: await steps[step](value) };
        } catch (error) {
            answer = { error: String(error.rpcErrorCode ?? error.code ?? error.name), text: error.message };
        }
        process.stdout.write(`${JSON.stringify(answer)}\n`);
    }
    process.exit(0);
}

main();
