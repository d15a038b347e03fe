import { after, type MaybePromise } from '../base/maybe-promise.ts';
import type { OperationModel, ProtocolName } from '../model/model.ts';
import { Fault } from '../service/faults.ts';
import type { CredentialLookup } from '../service/ports.ts';
import type { Principal } from '../service/principal.ts';
import { checkQuerySignature, parseQuerySignature, type QuerySignature } from '../wire/sigv2.ts';
import { type Payload, verifySignature } from '../wire/sigv4.ts';
import { ChunkedDecoder, chunkedHeaders, HashedBody } from '../wire/sigv4-chunked.ts';
import { parseSignature, type SignatureClaim } from '../wire/sigv4-claim.ts';
import type { SignatureStyle } from '../wire/sigv4-refusal.ts';
import type { World } from '../world/world.ts';
import type { Call, HttpRequest } from './call.ts';
import { CallContext } from './call-context.ts';
import { refusal } from './refusal.ts';
import { signingName } from './registry.ts';

const STYLES: Readonly<Record<ProtocolName, SignatureStyle>> = {
  json: 'json',
  'smithy-rpc-v2-cbor': 'json',
  'rest-json': 'rest',
  'rest-xml': 'rest',
  query: 'query',
  ec2: 'query',
};

function takesUnsigned(operation: OperationModel): boolean {
  return operation.authtype === 'none' || operation.auth?.includes('smithy.api#noAuth') === true;
}

/**
 * Functions see the virtual time and sign by it, everybody else by the machine's: a signature is judged by the
 * clock it is nearer to.
 */
export function nowFor({ clock }: World, claim: SignatureClaim): number {
  const real = clock.realNow();
  const virtual = clock.now();
  return Math.abs(claim.dateTimeMs - real) <= Math.abs(claim.dateTimeMs - virtual) ? real : virtual;
}

export function isBuiltIn(accessKeyId: string): boolean {
  return accessKeyId === 'test' || /^\d{12}$/.test(accessKeyId);
}

/** Built-in keys are a promise of loopback; whoever meets their absence is told so. */
function lookupRefusal(
  call: Call,
  kind: Exclude<CredentialLookup['kind'], 'found'>,
  accessKeyId: string,
): Fault {
  if (kind === 'expired') return refusal('expired-token', call.protocolName);
  if (kind === 'bad-token') return refusal('bad-token', call.protocolName);
  const fault = refusal('unknown-key', call.protocolName);
  if (!isBuiltIn(accessKeyId)) return fault;
  return refusal(
    'unknown-key',
    call.protocolName,
    `${fault.message} (Lambent's built-in keys, test and any 12-digit account with the secret test, exist only while it listens on loopback.)`,
  );
}

/** As Node's own streams put it when their socket is gone. */
function clientLeft(): Error {
  return Object.assign(new Error('the client left before its upload was whole'), { code: 'ECONNRESET' });
}

/** The stream a handler reads: the body as sent, checked against what was signed before it ends. */
function checkedStream(http: HttpRequest, payload: Payload) {
  const { stream } = http;
  if (stream === undefined) return undefined;
  if (payload.kind === 'chunked') {
    const decoder = new ChunkedDecoder({
      form: payload.form,
      chain: payload.chain,
      ...chunkedHeaders(http.headers),
    });
    stream.on('error', (error) => decoder.destroy(error));
    stream.once('close', () => {
      if (!stream.readableEnded) decoder.destroy(clientLeft());
    });
    return stream.pipe(decoder);
  }
  if (payload.kind === 'hashed') {
    const hashed = new HashedBody(payload.sha256);
    stream.on('error', (error) => hashed.destroy(error));
    stream.once('close', () => {
      if (!stream.readableEnded) hashed.destroy(clientLeft());
    });
    return stream.pipe(hashed);
  }
  return stream;
}

function enter(call: Call, principal: Principal, region: string): void {
  call.principal = principal;
  call.region = region;
  call.ctx = new CallContext(call.host, {
    requestId: call.requestId,
    account: principal.account,
    region,
    service: call.definition.name,
    operation: call.operation.name,
    principal,
    http: call.http,
    signal: call.http?.signal,
  });
}

/** S3's addresses signed by the version before. They name no region, so the call has none: an empty one. */
async function authenticateByQuery(call: Call, http: HttpRequest, claim: QuerySignature): Promise<void> {
  const { world, ports } = call.host;
  const lookup = await ports.identity.credential(claim.accessKeyId, claim.sessionToken);
  if (lookup.kind !== 'found') throw lookupRefusal(call, lookup.kind, claim.accessKeyId);
  refuseFromFunction(call, http, claim.accessKeyId);
  const { method, resourcePath: path, query, headers } = http;
  const refused = checkQuerySignature(
    claim,
    { method, path, query, headers },
    lookup.credential.secretAccessKey,
    world.clock.realNow(),
  );
  if (refused !== undefined) throw new Fault(refused.code, refused.message, refused.detail, refused.status);
  ports.identity.keyUsed(claim.accessKeyId, 's3', call.host.defaultRegion);
  call.stream = http.stream;
  enter(call, lookup.credential.principal, '');
}

/** A function has the credentials of its role; the well-known keys are not for what runs inside it. */
function refuseFromFunction(call: Call, http: HttpRequest, accessKeyId: string): void {
  if (!isBuiltIn(accessKeyId) || !http.fromFunction()) return;
  const { message } = refusal('unknown-key', call.protocolName);
  throw refusal(
    'unknown-key',
    call.protocolName,
    `${message} (Lambent's built-in keys do not work inside functions, which have the credentials of their role.)`,
  );
}

/**
 * Establishes who calls, by a signature really verified. Operations that take unsigned requests, and S3, where a
 * policy may open a bucket to everybody, go on as nobody when there is none.
 */
export function authenticate(call: Call): MaybePromise<void> {
  const http = call.http as HttpRequest;
  if (http.tooLarge) throw refusal('too-large', call.protocolName);
  const { host, operation } = call;
  const isS3 = call.service.name === 's3';
  const style = isS3 ? 's3' : STYLES[call.protocolName];
  const former =
    isS3 && http.headers['authorization'] === undefined ? parseQuerySignature(http.query) : undefined;
  if (former !== undefined) return authenticateByQuery(call, http, former);
  const claim =
    takesUnsigned(operation) && http.headers['authorization'] === undefined
      ? undefined
      : parseSignature(http, style);
  if (claim === undefined) {
    if (!isS3 && !takesUnsigned(operation)) throw refusal('missing-authentication', call.protocolName);
    call.stream = http.stream;
    return enter(call, { kind: 'anonymous', account: host.defaultAccount }, host.defaultRegion);
  }
  const lookup = host.ports.identity.credential(claim.accessKeyId, claim.sessionToken);
  return after(lookup, (found) => verify(call, http, claim, style, found));
}

function verify(
  call: Call,
  http: HttpRequest,
  claim: SignatureClaim,
  style: SignatureStyle,
  lookup: CredentialLookup,
): void {
  const { host, operation } = call;
  if (lookup.kind !== 'found') throw lookupRefusal(call, lookup.kind, claim.accessKeyId);
  refuseFromFunction(call, http, claim.accessKeyId);
  const verification = verifySignature(
    claim,
    http.stream === undefined
      ? http
      : { method: http.method, path: http.path, query: http.query, headers: http.headers },
    lookup.credential.secretAccessKey,
    {
      nowMs: nowFor(host.world, claim),
      style,
      service: signingName(call.service.metadata),
      unsignedPayload: operation.unsignedPayload === true,
    },
  );
  if (!verification.ok) {
    const { code, message, detail, status } = verification.refusal;
    throw new Fault(code, message, detail, status);
  }
  host.ports.identity.keyUsed(claim.accessKeyId, signingName(call.service.metadata), claim.region);
  call.accessKeyId = claim.accessKeyId;
  call.stream = checkedStream(http, verification.payload);
  enter(call, lookup.credential.principal, claim.region === '' ? host.defaultRegion : claim.region);
}
