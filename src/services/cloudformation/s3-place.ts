const HOST = /^(.+)\.s3(?:[.-][a-z0-9-]+)*\.(?:amazonaws\.com|localhost(?:\.localstack\.cloud)?)$/;

/**
 * The object an address names: `s3://bucket/key`, S3's two HTTPS forms, or this server's own; undefined for anything
 * else.
 */
export function s3Place(address: string): { readonly Bucket: string; readonly Key: string } | undefined {
  let url: URL;
  let path: string;
  try {
    url = new URL(address);
    path = decodeURIComponent(url.pathname.slice(1));
  } catch {
    // Not an address, or its percent-encoding cannot be read: it names nothing.
    return undefined;
  }
  const bucket = url.protocol === 's3:' ? url.hostname : HOST.exec(url.hostname)?.[1];
  if (bucket !== undefined && bucket !== '') return path === '' ? undefined : { Bucket: bucket, Key: path };
  const slash = path.indexOf('/');
  return slash < 1 ? undefined : { Bucket: path.slice(0, slash), Key: path.slice(slash + 1) };
}
