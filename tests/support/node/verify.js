// npm xml-crypto as a foreign verifier. Argument: the CA's PEM file. File names come one a line on standard
// input; for each one line comes back: "valid" or "invalid" with a reason.
"use strict";
const { X509Certificate } = require("node:crypto");
const fs = require("node:fs");
const { DOMParser } = require("@xmldom/xmldom");
const { SignedXml } = require("xml-crypto");
const xpath = require("xpath");

const authority = new X509Certificate(fs.readFileSync(process.argv[2]));

function judge(name) {
  try {
    const text = fs.readFileSync(name, "utf8");
    const document = new DOMParser().parseFromString(text);
    const found = xpath.select("//*[local-name()='Signature' and namespace-uri()='http://www.w3.org/2000/09/xmldsig#']", document);
    if (found.length === 0) return "invalid: no signature";
    const verifier = new SignedXml({
      getCertFromKeyInfo: (info) => {
        const pem = SignedXml.getCertFromKeyInfo(info);
        if (!new X509Certificate(pem).verify(authority.publicKey)) throw new Error("not issued by the authority");
        return pem;
      },
    });
    verifier.loadSignature(found[0]);
    return verifier.checkSignature(text) ? "valid" : "invalid: digest or signature value";
  } catch (error) {
    return `invalid: ${String(error.message).split("\n")[0]}`;
  }
}

for (const name of fs.readFileSync(0, "utf8").split("\n")) {
  if (name) console.log(judge(name));
}
