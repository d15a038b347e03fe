// A custom resource that keeps the page in its bucket: files of public/ and a config.js that says where everything is.
import { readdir, readFile } from 'node:fs/promises';
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { extname } from 'node:path';
import { DeleteObjectsCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

// With an endpoint of one's own, buckets are reached by path: they have no name in the DNS.
const s3 = new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined });
const pages = new URL('public/', import.meta.url);

const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

async function* files(folder, prefix = '') {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) yield* files(new URL(`${entry.name}/`, folder), `${prefix}${entry.name}/`);
    else yield { key: `${prefix}${entry.name}`, url: new URL(entry.name, folder) };
  }
}

function put(bucket, key, body) {
  return s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: types[extname(key)] ?? 'application/octet-stream',
      CacheControl: 'no-cache',
    }),
  );
}

async function fill(bucket, config) {
  for await (const { key, url } of files(pages)) await put(bucket, key, await readFile(url));
  await put(bucket, 'config.js', `window.CANTER = ${JSON.stringify(config, null, 2)};\n`);
}

async function empty(bucket) {
  for (;;) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    if (Contents.length === 0) return;
    const Objects = Contents.map(({ Key }) => ({ Key }));
    const { Errors = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    );
    if (Errors.length > 0) throw new Error(`${Errors[0].Key}: ${Errors[0].Message}`);
  }
}

/** Tells CloudFormation how it went, at the address the event names. */
function respond(event, outcome) {
  const body = JSON.stringify({
    PhysicalResourceId: `site-${event.ResourceProperties.Bucket}`,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    ...outcome,
  });
  const send = event.ResponseURL.startsWith('https:') ? overHttps : overHttp;
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
    send(event.ResponseURL, { method: 'PUT', headers }, (response) => {
      response.resume();
      response.on('end', resolve);
    })
      .on('error', reject)
      .end(body);
  });
}

export async function handler(event) {
  const { Bucket, Config } = event.ResourceProperties;
  try {
    if (event.RequestType === 'Delete') await empty(Bucket);
    else await fill(Bucket, Config);
  } catch (error) {
    console.error(error);
    await respond(event, { Status: 'FAILED', Reason: String(error) });
    return;
  }
  await respond(event, { Status: 'SUCCESS' });
}
