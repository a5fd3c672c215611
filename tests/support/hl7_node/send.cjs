// Sends messages by npm node-hl7-client, one at a time, each until it is answered.
//   node send.cjs PORT MESSAGES.json ANSWERS.txt
// MESSAGES.json: an array of message texts. ANSWERS.txt: one line for each answer, "<code> <MSH-10>", written at once.
// A connection that breaks, or stays silent for two seconds, is made anew and the message is sent again.
const fs = require("node:fs");
const { Client, Message } = require("node-hl7-client");

const [port, file, answers] = process.argv.slice(2);
const texts = JSON.parse(fs.readFileSync(file, "utf8"));
const out = fs.openSync(answers, "a");
let connection = null;
let settle = null;

function open() {
  const client = new Client({ host: "127.0.0.1" });
  client.on?.("error", () => {});
  const fresh = client.createConnection(
    { port: Number(port), waitAck: false, retryLow: 50, retryHigh: 100, maxConnectionAttempts: 50, connectionTimeout: 500 },
    async (response) => {
      const message = response.getMessage();
      settle?.(`${message.get("MSA.1").toString()} ${message.get("MSA.2").toString()}`);
    },
  );
  for (const event of ["error", "client.error", "timeout"]) fresh.on(event, () => settle?.(null));
  for (const event of ["close", "client.close"]) fresh.on(event, () => settle?.(null));
  return fresh;
}

async function ask(text) {
  connection ??= open();
  const mine = connection;
  const number = text.split("|")[9];
  const answer = await new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), 2000);
    settle = (line) => {
      if (line !== null && line.split(" ")[1] !== number) return;
      clearTimeout(timer);
      resolve(line);
    };
    mine.sendMessage(new Message({ text })).catch(() => settle?.(null));
  });
  settle = null;
  if (answer === null) {
    connection = null;
    mine.close().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 100));
    return false;
  }
  fs.writeSync(out, `${answer}\n`);
  return true;
}

process.on("uncaughtException", () => settle?.(null));
process.on("unhandledRejection", () => settle?.(null));

(async () => {
  for (const text of texts) while (!(await ask(text)));
  process.exit(0);
})();
