// Answers messages by npm node-hl7-server: a foreign listener, to see that the traffic we tell is read by others.
//   node serve.cjs PORT SEEN.txt      prints "ready"; SEEN.txt: one line "<MSH-9.1>^<MSH-9.2> <MSH-10>" for each message
const fs = require("node:fs");
const { Server } = require("node-hl7-server");

const [port, file] = process.argv.slice(2);
const out = fs.openSync(file, "a");
const server = new Server({ bindAddress: "127.0.0.1" });
const inbound = server.createInbound({ port: Number(port) }, async (request, response) => {
  const message = request.getMessage();
  fs.writeSync(out, `${message.get("MSH.9.1").toString()}^${message.get("MSH.9.2").toString()} ${message.get("MSH.10").toString()}\n`);
  await response.sendResponse("AA");
});
inbound.on("listen", () => console.log("ready"));
