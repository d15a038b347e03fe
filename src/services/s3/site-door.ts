import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { GetObjectOutput, WebsiteConfiguration } from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { FrontDoor, FrontDoorRequest } from '../../service/front-door.ts';
import { type Bucket, findBucket } from './bucket.ts';
import { corsAnswer, matchingRule } from './cors.ts';
import { fault, noSuchBucket } from './fault.ts';
import { errorPage } from './site-page.ts';
import { addressOf, type Redirection, redirection, type SiteAddress } from './website.ts';

const PATH = '/_aws/s3-website/';
const HOST = /^(.+)\.s3-website[.-][a-z0-9-]+\.(?:amazonaws\.com|localhost|localhost\.localstack\.cloud)$/;

/**
 * Buckets as websites: what the bucket's policy lets everybody read, index and error documents, redirects.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
 */
export const siteDoor: FrontDoor = {
  name: 's3-website',
  paths: [PATH],
  host: HOST,
  handle: async (request, ctx) => {
    const site = placeOf(request);
    // A page at the site's root without its slash would look for its files beside the site.
    if (`${request.path}/` === site.address.base) {
      return redirect(request.response, { status: 302, location: site.address.base });
    }
    try {
      await serve(request, site, ctx);
    } catch (error) {
      if (!Fault.is(error) || request.response.headersSent) throw error;
      answerError(request, error, ctx.requestId);
    }
  },
};

interface Place {
  readonly bucket: string;
  readonly key: string;
  readonly address: SiteAddress;
}

function placeOf({ host, path, headers }: FrontDoorRequest): Place {
  const address = { protocol: 'http', host: headers['host'] ?? host };
  const named = path.startsWith(PATH) ? undefined : HOST.exec(host)?.[1];
  if (named !== undefined) {
    return { bucket: named, key: decode(path.slice(1)), address: { ...address, base: '/' } };
  }
  const [bucket = '', ...rest] = path.slice(PATH.length).split('/');
  return { bucket, key: decode(rest.join('/')), address: { ...address, base: `${PATH}${bucket}/` } };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw fault('InvalidURI', "Couldn't parse the specified URI.");
  }
}

async function serve(request: FrontDoorRequest, { bucket: name, key, address }: Place, ctx: Context) {
  const bucket = await findBucket(ctx, name);
  if (bucket === undefined) throw noSuchBucket(name);
  const { website } = bucket.settings;
  if (website === undefined) {
    throw fault('NoSuchWebsiteConfiguration', 'The specified bucket does not have a website configuration', {
      BucketName: name,
    });
  }
  if (answerCors(request, bucket)) return;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw fault('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
      Method: request.method,
      ResourceType: 'OBJECT',
    });
  }
  if (request.path === address.base.slice(0, -1)) {
    // Without the slash a page's relative links would leave the bucket.
    return redirect(request.response, { status: 302, location: addressOf('', {}, address) });
  }
  if (website.RedirectAllRequestsTo !== undefined) {
    return redirect(request.response, {
      status: 301,
      location: addressOf(key, website.RedirectAllRequestsTo, { ...address, base: '/' }),
    });
  }
  const rules = website.RoutingRules ?? [];
  const moved = redirection(rules, key, undefined, address);
  if (moved !== undefined) return redirect(request.response, moved);
  const suffix = website.IndexDocument?.Suffix ?? '';
  try {
    const object = await read(ctx, bucket, key === '' || key.endsWith('/') ? key + suffix : key, request);
    await answer(request, object, object.StatusCode ?? 200);
  } catch (error) {
    if (!Fault.is(error) || request.response.headersSent) throw error;
    const status = statusOf(error);
    if (status === 304) {
      request.response.writeHead(304).end();
      return;
    }
    if (key !== '' && !key.endsWith('/') && (await isThere(ctx, bucket, `${key}/${suffix}`))) {
      return redirect(request.response, { status: 302, location: addressOf(`${key}/`, {}, address) });
    }
    const sent = redirection(rules, key, status, address);
    if (sent !== undefined) return redirect(request.response, sent);
    await answerDocument(request, bucket, website, error, ctx);
  }
}

type SiteObject = GetObjectOutput & { readonly StatusCode?: number; readonly Body?: Readable | Uint8Array };

/** Reads as everybody: the bucket's policy decides. */
function read(ctx: Context, bucket: Bucket, Key: string, request?: FrontDoorRequest): Promise<SiteObject> {
  const headers = request?.headers ?? {};
  const since = headers['if-modified-since'];
  return ctx.call<SiteObject>(
    's3',
    'GetObject',
    {
      Bucket: bucket.name,
      Key,
      ...(headers['range'] === undefined ? {} : { Range: headers['range'] }),
      ...(headers['if-none-match'] === undefined ? {} : { IfNoneMatch: headers['if-none-match'] }),
      ...(since === undefined ? {} : { IfModifiedSince: new Date(since) }),
    },
    asEverybody(bucket),
  );
}

function asEverybody({ account, row }: Bucket) {
  return { as: { principal: { kind: 'anonymous', account } }, account, region: row.region } as const;
}

async function isThere(ctx: Context, bucket: Bucket, Key: string): Promise<boolean> {
  try {
    await ctx.call('s3', 'HeadObject', { Bucket: bucket.name, Key }, asEverybody(bucket));
    return true;
  } catch (error) {
    if (Fault.is(error)) return false;
    throw error;
  }
}

async function answer({ method, response }: FrontDoorRequest, object: SiteObject, status: number) {
  if (object.WebsiteRedirectLocation !== undefined) {
    return redirect(response, { status: 301, location: object.WebsiteRedirectLocation });
  }
  response.statusCode = status;
  const headers: Readonly<Record<string, string | number | undefined>> = {
    'content-type': object.ContentType,
    'content-length': object.ContentLength,
    'content-range': object.ContentRange,
    'content-encoding': object.ContentEncoding,
    'content-disposition': object.ContentDisposition,
    'content-language': object.ContentLanguage,
    'cache-control': object.CacheControl,
    expires: object.Expires,
    etag: object.ETag,
    'last-modified': object.LastModified?.toUTCString(),
    'accept-ranges': 'bytes',
    'x-amz-version-id': object.VersionId,
  };
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value);
  }
  for (const [name, value] of Object.entries(object.Metadata ?? {})) {
    response.setHeader(`x-amz-meta-${name}`, Buffer.from(value, 'utf8').toString('latin1'));
  }
  const { Body } = object;
  if (method === 'HEAD' || Body === undefined) {
    if (Body instanceof Readable) Body.destroy();
    response.end();
  } else if (Body instanceof Readable) await pipeline(Body, response);
  else response.end(Body);
}

function redirect(response: ServerResponse, { status, location }: Redirection): void {
  response.writeHead(status, { location, 'content-length': '0' });
  response.end();
}

/** The bucket's own page for what went wrong, under the status of that; else S3's. */
async function answerDocument(
  request: FrontDoorRequest,
  bucket: Bucket,
  { ErrorDocument }: WebsiteConfiguration,
  error: Fault,
  ctx: Context,
): Promise<void> {
  if (ErrorDocument === undefined) throw error;
  let page: SiteObject;
  try {
    page = await read(ctx, bucket, ErrorDocument.Key);
  } catch (second) {
    if (Fault.is(second)) throw error;
    throw second;
  }
  await answer(request, page, statusOf(error));
}

function statusOf({ code, status }: Fault): number {
  if (status !== undefined) return status;
  switch (code) {
    case 'AccessDenied':
      return 403;
    case 'MethodNotAllowed':
      return 405;
    case 'PreconditionFailed':
      return 412;
    case 'InvalidRange':
      return 416;
    default:
      return /^NoSuch/.test(code) ? 404 : 400;
  }
}

function answerError({ method, response }: FrontDoorRequest, error: Fault, requestId: string): void {
  const status = statusOf(error);
  const page = errorPage(status, error, requestId);
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(page),
    'x-amz-error-code': error.code,
    'x-amz-error-message': error.message.replace(/[^\x20-\x7e]/g, ' '),
    'x-amz-request-id': requestId,
  });
  response.end(method === 'HEAD' ? undefined : page);
}

/** Adds what the bucket's CORS rules say; true when the request was a preflight and has its answer. */
function answerCors({ method, headers, response }: FrontDoorRequest, { settings }: Bucket): boolean {
  const { origin } = headers;
  const asked = headers['access-control-request-method'];
  const preflight = method === 'OPTIONS' && asked !== undefined;
  if (origin === undefined) return false;
  const names = headers['access-control-request-headers']?.split(',').map((name) => name.trim());
  const wanted = {
    origin,
    method: preflight ? asked : method,
    ...(names === undefined ? {} : { headers: names }),
  };
  const rule = matchingRule(settings.cors?.CORSRules ?? [], wanted);
  if (rule !== undefined) {
    for (const [name, value] of Object.entries(corsAnswer(rule, wanted, preflight)))
      response.setHeader(name, value);
  }
  if (!preflight) return false;
  if (rule === undefined) throw fault('AccessForbidden', 'CORSResponse: This CORS request is not allowed.');
  response.writeHead(200, { 'content-length': '0' });
  response.end();
  return true;
}
