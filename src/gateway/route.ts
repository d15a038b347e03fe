import type { OperationModel, ProtocolName, ServiceModel } from '../model/model.ts';
import { routeOf } from '../wire/http-binding.ts';
import { WireFault } from '../wire/protocol.ts';
import { type KnownService, operationOf, type Registry } from './registry.ts';

/** Where a request goes. */
export interface Route {
  readonly service: KnownService;
  readonly model: ServiceModel;
  /** Absent when the request names an operation the service does not have. */
  readonly operation: OperationModel | undefined;
  readonly protocol: ProtocolName;
}

export interface RoutedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
}

const CBOR_PATH = /^\/service\/([A-Za-z0-9_.]+)\/operation\/([A-Za-z0-9_]+)$/;
const S3_HOST = /^(.+)\.s3(?:[.-][a-z0-9-]+)?\.(?:localhost|amazonaws\.com|localhost\.localstack\.cloud)$/;
const BARE_HOST = /^(.+)\.localhost(?:\.localstack\.cloud)?$/;

/** The service name in the credential scope, signed in the header or in the query; no signature is checked here. */
export function scopeService(request: RoutedRequest): string | undefined {
  const header = request.headers['authorization'];
  let credential: string;
  if (header !== undefined) {
    const start = header.indexOf('Credential=');
    if (start < 0) return undefined;
    const end = header.indexOf(',', start);
    credential = header.slice(start + 11, end < 0 ? undefined : end);
  } else {
    const start = request.query.indexOf('X-Amz-Credential=');
    if (start < 0) return undefined;
    const end = request.query.indexOf('&', start);
    credential = request.query.slice(start + 17, end < 0 ? undefined : end).replace(/%2F/gi, '/');
  }
  const parts = credential.trim().split('/');
  // Version 4A has no region there.
  return parts.length === 5 ? parts[3] : parts.length === 4 ? parts[2] : undefined;
}

/** The bucket in front of an S3 host (`photos.s3.localhost`), or of `photos.localhost` in a request signed for S3. */
export function bucketOfHost(host: string, signedForS3: boolean): string | undefined {
  return (S3_HOST.exec(host) ?? (signedForS3 ? BARE_HOST.exec(host) : null))?.[1];
}

/** By `X-Amz-Target`: there are as many as operations. */
const jsonRoutes = new WeakMap<Registry, Map<string, Route>>();

function jsonRoute(registry: Registry, target: string): Route {
  let known = jsonRoutes.get(registry);
  if (known === undefined) jsonRoutes.set(registry, (known = new Map()));
  let route = known.get(target);
  if (route === undefined) {
    route = readTarget(registry, target);
    if (route.operation !== undefined) known.set(target, route);
  }
  return route;
}

function readTarget(registry: Registry, target: string): Route {
  const dot = target.lastIndexOf('.');
  const service = registry.byTarget(target.slice(0, Math.max(0, dot)));
  if (service === undefined) throw new WireFault('UnknownOperationException', '', 400);
  return {
    service,
    model: service.model(),
    operation: operationOf(service, target.slice(dot + 1)),
    protocol: 'json',
  };
}

function cborRoute(registry: Registry, path: string): Route | undefined {
  const [, target = '', name = ''] = CBOR_PATH.exec(path) ?? [];
  const service = registry.byTarget(target);
  // What does not speak it would answer with its own protocol's shapes.
  if (service?.metadata.protocols?.includes('smithy-rpc-v2-cbor') !== true) return undefined;
  return {
    service,
    model: service.model(),
    operation: operationOf(service, name),
    protocol: 'smithy-rpc-v2-cbor',
  };
}

function restRoute(
  candidates: readonly KnownService[],
  request: RoutedRequest,
  path: string,
): Route | undefined {
  for (const service of candidates) {
    const { protocol } = service.metadata;
    if (protocol !== 'rest-json' && protocol !== 'rest-xml') continue;
    const model = service.model();
    const operation = routeOf(model)(request.method, path, request.query, request.headers);
    if (operation !== undefined) return { service, model, operation, protocol };
  }
  return undefined;
}

function speaksQuery({ metadata }: KnownService): boolean {
  const { protocol, protocols } = metadata;
  return (
    protocol === 'query' ||
    protocol === 'ec2' ||
    protocols?.includes('query') === true ||
    'awsQueryCompatible' in metadata
  );
}

/** The links in what SNS sends name no API version: on AWS their host says whose they are. */
const OF_LINKS: ReadonlySet<string> = new Set(['ConfirmSubscription', 'Unsubscribe']);

function byAction(registry: Registry, action: string, version: string | null): readonly KnownService[] {
  if (version !== null || !OF_LINKS.has(action)) return registry.byVersion(version ?? '');
  return registry.bySigningName('sns');
}

function queryRoute(
  registry: Registry,
  candidates: readonly KnownService[],
  form: string,
): Route | undefined {
  const fields = new URLSearchParams(form);
  const action = fields.get('Action');
  if (action === null) return undefined;
  const named = candidates.length > 0 ? candidates : byAction(registry, action, fields.get('Version'));
  const services = named.filter(speaksQuery);
  const service = services.find((candidate) => operationOf(candidate, action) !== undefined) ?? services[0];
  if (service === undefined) return undefined;
  return {
    service,
    model: service.model(),
    operation: operationOf(service, action),
    protocol: service.metadata.protocol === 'ec2' ? 'ec2' : 'query',
  };
}

/**
 * Finds the service, operation and protocol of a request. `path` has S3's bucket put in front when the host named
 * it; `form` is the body of a form-encoded request, which names its operation only there. Undefined when nothing
 * of AWS answers there.
 */
export function routeRequest(
  registry: Registry,
  request: RoutedRequest,
  path: string,
  form: string | undefined,
): Route | undefined {
  const target = request.headers['x-amz-target'];
  if (target !== undefined && request.method === 'POST') return jsonRoute(registry, target);
  if (request.headers['smithy-protocol'] === 'rpc-v2-cbor') {
    const route = cborRoute(registry, request.path);
    if (route !== undefined) return route;
  }
  const scope = scopeService(request);
  const candidates = scope === undefined ? [] : registry.bySigningName(scope);
  const action = form ?? (request.query.includes('Action=') ? request.query : undefined);
  if (action !== undefined && (candidates.length === 0 || candidates.some(speaksQuery))) {
    const route = queryRoute(registry, candidates, action);
    if (route !== undefined) return route;
  }
  if (candidates.length > 0) return restRoute(candidates, request, path);
  // Unsigned: only S3 reads anonymously on these paths; whatever else has public operations names its target.
  const s3 = registry.byName('s3');
  return s3 === undefined ? undefined : restRoute([s3], request, path);
}
