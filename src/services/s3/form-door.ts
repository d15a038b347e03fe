import { Readable } from 'node:stream';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { FrontDoor, FrontDoorRequest } from '../../service/front-door.ts';
import type { Principal } from '../../service/principal.ts';
import { s3StatusOf } from '../../wire/s3-error.ts';
import { sameSignature, signingKey } from '../../wire/sigv4-key.ts';
import { escapeXml } from '../../wire/xml-text.ts';
import { type Bucket, findBucket } from './bucket.ts';
import { crossOrigin } from './cross-origin.ts';
import { fault, noSuchBucket } from './fault.ts';
import { readForm, type UploadForm } from './form-reader.ts';
import { checkPostPolicy, ofAllowedLength, type PostPolicy, parsePostPolicy } from './post-policy.ts';

const HOST = /^(.+)\.s3(?:[.-][a-z0-9-]+)?\.(?:localhost|amazonaws\.com|localhost\.localstack\.cloud)$/;

/**
 * Uploads by an HTML form, signed or open to everybody.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
export const formDoor: FrontDoor = {
  name: 's3-form',
  pathPattern: /^\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/?$/,
  host: HOST,
  contentType: /^multipart\/form-data\b/i,
  handle: async (request, ctx) => {
    const source = request.incoming.iterator({ destroyOnReturn: false });
    try {
      await upload(request, source, ctx);
    } catch (error) {
      if (!Fault.is(error) || request.response.headersSent) throw error;
      answerError(request, error, ctx.requestId);
    } finally {
      // What is left of a refused upload is the gateway's to drop.
      void source.return?.();
    }
  },
};

async function upload(request: FrontDoorRequest, source: AsyncIterable<Buffer>, ctx: Context): Promise<void> {
  const { headers, response } = request;
  const name = HOST.exec(request.host)?.[1] ?? request.path.replaceAll('/', '');
  await answerCors(request, name, ctx);
  if (request.method !== 'POST') {
    throw fault('MethodNotAllowed', 'The specified method is not allowed against this resource.');
  }
  const form = await readForm(source, headers['content-type'] ?? '');
  const bucket = await findBucket(ctx, name);
  if (bucket === undefined) throw noSuchBucket(name);
  const policy = policyOf(form);
  const principal = await sender(form, bucket, ctx);
  if (policy !== undefined) checkPostPolicy(policy, form.fields, name, ctx.world.clock.realNow());
  const key = (form.fields.get('key') ?? '').replace(/\$\{filename\}/g, () => form.filename);
  if (key === '') {
    throw fault(
      'InvalidArgument',
      "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
      { ArgumentName: 'key', ArgumentValue: '' },
    );
  }
  const body = Readable.from(ofAllowedLength(form.file, policy?.conditions ?? []), { objectMode: false });
  const { ETag = '' } = await ctx.call<{ ETag?: string }>(
    's3',
    'PutObject',
    { Bucket: name, Key: key, Body: body, ...objectFields(form.fields) },
    { as: { principal }, account: principal.account, region: bucket.row.region },
  );
  answer(request, form, { bucket: name, key, etag: ETag, endpoint: ctx.endpoint });
  response.end();
}

function policyOf({ fields }: UploadForm): PostPolicy | undefined {
  const policy = fields.get('policy');
  return policy === undefined ? undefined : parsePostPolicy(policy);
}

/** Who signed the form's policy; nobody, when there is none. */
async function sender({ fields }: UploadForm, bucket: Bucket, ctx: Context): Promise<Principal> {
  const policy = fields.get('policy');
  if (policy === undefined) return { kind: 'anonymous', account: bucket.account };
  const [accessKeyId = '', date = '', region = '', service = ''] = field(fields, 'x-amz-credential').split(
    '/',
  );
  const signature = field(fields, 'x-amz-signature');
  const lookup = await ctx.ports.identity.credential(accessKeyId, fields.get('x-amz-security-token'));
  if (lookup.kind !== 'found') {
    throw lookup.kind === 'expired'
      ? fault('ExpiredToken', 'The provided token has expired.')
      : fault('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
          AWSAccessKeyId: accessKeyId,
        });
  }
  const { secretAccessKey, principal } = lookup.credential;
  const expected = signingKey(secretAccessKey, date, region, service).sign(policy);
  if (service !== 's3' || !sameSignature(expected, signature)) {
    throw fault(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      { AWSAccessKeyId: accessKeyId, StringToSign: policy, SignatureProvided: signature },
    );
  }
  return principal;
}

function field(fields: UploadForm['fields'], name: string): string {
  const value = fields.get(name);
  if (value !== undefined) return value;
  throw fault('InvalidArgument', `Bucket POST must contain a field named '${name}'.`, {
    ArgumentName: name,
    ArgumentValue: '',
  });
}

/** The members of PutObject's input that forms may set. */
const MEMBERS: Readonly<Record<string, string>> = {
  acl: 'ACL',
  'cache-control': 'CacheControl',
  'content-disposition': 'ContentDisposition',
  'content-encoding': 'ContentEncoding',
  'content-language': 'ContentLanguage',
  'content-type': 'ContentType',
  expires: 'Expires',
  'x-amz-server-side-encryption': 'ServerSideEncryption',
  'x-amz-storage-class': 'StorageClass',
  'x-amz-website-redirect-location': 'WebsiteRedirectLocation',
};

function objectFields(fields: UploadForm['fields']): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  const metadata: Record<string, string> = {};
  for (const [name, value] of fields) {
    const member = MEMBERS[name];
    if (member !== undefined) members[member] = value;
    else if (name.startsWith('x-amz-meta-')) metadata[name.slice('x-amz-meta-'.length)] = value;
    else if (name === 'tagging') members['Tagging'] = taggingHeader(value);
  }
  return { ...members, Metadata: metadata };
}

/** Forms carry tags as the XML of PutObjectTagging. */
function taggingHeader(xml: string): string {
  const tags = new URLSearchParams();
  for (const [, key = '', value = ''] of xml.matchAll(/<Key>([^<]*)<\/Key>\s*<Value>([^<]*)<\/Value>/g)) {
    tags.append(key, value);
  }
  return tags.toString();
}

interface Done {
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  readonly endpoint: string;
}

function answer({ response }: FrontDoorRequest, { fields }: UploadForm, done: Done): void {
  const { bucket, key, etag, endpoint } = done;
  const location = `${endpoint}/${bucket}/${encodeURIComponent(key)}`;
  const redirect = fields.get('success_action_redirect') ?? fields.get('redirect');
  response.setHeader('etag', etag);
  if (redirect !== undefined && URL.canParse(redirect)) {
    const to = new URL(redirect);
    for (const [name, value] of Object.entries({ bucket, key, etag })) to.searchParams.set(name, value);
    response.writeHead(303, { location: to.href });
    return;
  }
  response.setHeader('location', location);
  const status = fields.get('success_action_status');
  if (status !== '201') {
    response.writeHead(status === '200' ? 200 : 204);
    return;
  }
  response.writeHead(201, { 'content-type': 'application/xml' });
  response.write(
    `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse><Location>${escapeXml(location)}</Location>` +
      `<Bucket>${escapeXml(bucket)}</Bucket><Key>${escapeXml(key)}</Key><ETag>${escapeXml(etag)}</ETag></PostResponse>`,
  );
}

/** Names by which pages of this machine go. */
const LOCAL = /^https?:\/\/(?:(?:[^/:]+\.)?localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

/** Pages from elsewhere upload only where the bucket's rules let them. */
async function answerCors({ headers, method, response }: FrontDoorRequest, bucket: string, ctx: Context) {
  const { origin } = headers;
  if (origin === undefined) return;
  const verdict = await crossOrigin({ origin, method, path: `/${bucket}`, preflight: false }, ctx);
  if (typeof verdict !== 'object') {
    if (LOCAL.test(origin)) return;
    throw fault('AccessForbidden', `Pages of ${origin} may not upload to this bucket.`);
  }
  for (const [name, value] of Object.entries(verdict)) response.setHeader(name, value);
}

function answerError({ response }: FrontDoorRequest, error: Fault, requestId: string): void {
  const details = Object.entries(error.detail).filter(([, value]) => typeof value !== 'object');
  const facts = [['Code', error.code], ['Message', error.message], ...details, ['RequestId', requestId]];
  const elements = facts.map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`).join('');
  response.writeHead(error.status ?? s3StatusOf(error.code) ?? 400, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error>${elements}</Error>`);
}
