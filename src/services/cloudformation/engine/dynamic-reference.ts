import type { ResourceScope } from '../resources/provider.ts';
import { templateError } from '../template/template.ts';
import { isList, isMap, type MutableMap, type Value } from '../template/value.ts';

const REFERENCE = /\{\{resolve:([^{}]+)\}\}/g;

/**
 * Replaces `{{resolve:service:key}}` by the secret or parameter it names. What rows and events keep is the reference.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
 */
export async function resolveDynamicReferences(
  value: Value,
  scope: Pick<ResourceScope, 'call'>,
): Promise<Value> {
  if (typeof value === 'string') {
    if (!value.includes('{{resolve:')) return value;
    let text = '';
    let from = 0;
    for (const match of value.matchAll(REFERENCE)) {
      text += value.slice(from, match.index) + (await look(match[1] ?? '', scope));
      from = match.index + match[0].length;
    }
    return text + value.slice(from);
  }
  if (isList(value)) return Promise.all(value.map((item) => resolveDynamicReferences(item, scope)));
  if (!isMap(value)) return value;
  const map: MutableMap = {};
  for (const [key, item] of Object.entries(value)) map[key] = await resolveDynamicReferences(item, scope);
  return map;
}

async function look(reference: string, { call }: Pick<ResourceScope, 'call'>): Promise<string> {
  const [service, ...rest] = reference.split(':');
  if (service === 'ssm' || service === 'ssm-secure') {
    const { Parameter } = await call<{ Parameter?: { Value?: string } }>('ssm', 'GetParameter', {
      Name: rest.join(':'),
      WithDecryption: service === 'ssm-secure',
    });
    return Parameter?.Value ?? '';
  }
  if (service === 'secretsmanager') return secret(rest.join(':'), call);
  throw templateError(
    `Invalid dynamic reference: the service ${service ?? ''} is not ssm, ssm-secure or secretsmanager`,
  );
}

/** `id:SecretString:json-key:stage:version`, where the id may be an ARN of seven parts. */
async function secret(reference: string, call: ResourceScope['call']): Promise<string> {
  const parts = reference.split(':');
  const [SecretId, , key, VersionStage, VersionId] = reference.startsWith('arn:')
    ? [parts.slice(0, 7).join(':'), ...parts.slice(7)]
    : parts;
  const { SecretString = '' } = await call<{ SecretString?: string }>('secretsmanager', 'GetSecretValue', {
    SecretId,
    ...(VersionStage ? { VersionStage } : {}),
    ...(VersionId ? { VersionId } : {}),
  });
  if (!key) return SecretString;
  const fields = JSON.parse(SecretString) as Readonly<Record<string, unknown>>;
  if (!Object.hasOwn(fields, key))
    throw templateError(`Could not find a value associated with JSONKey ${key} in SecretString`);
  return String(fields[key]);
}
