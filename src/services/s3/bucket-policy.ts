import { MalformedPolicy, type PolicyStatement } from '../../policy/document.ts';
import { validatePolicy } from '../../policy/validate.ts';
import type { Context } from '../../service/context.ts';
import { fault } from './fault.ts';

const LARGEST_POLICY = 20 * 1024;

/** Throws when the text is not a policy this bucket takes, in S3's words. */
export function checkBucketPolicy(text: string, bucket: string): void {
  if (Buffer.byteLength(text) > LARGEST_POLICY) {
    throw fault('MalformedPolicy', 'Policy exceeds the maximum allowed document size');
  }
  if (!isJsonObject(text)) {
    throw fault('MalformedPolicy', "Policies must be valid JSON and the first byte must be '{'");
  }
  if (!('Statement' in JSON.parse(text))) throw fault('MalformedPolicy', 'Missing required field Statement');
  try {
    const { statements } = validatePolicy(text, 'resource');
    for (const statement of statements) checkStatement(statement, `arn:aws:s3:::${bucket}`);
  } catch (error) {
    if (error instanceof MalformedPolicy) throw fault('MalformedPolicy', error.message);
    throw error;
  }
}

/** The text as it is kept: whom it names, by who they are. */
export async function boundBucketPolicy(text: string, account: string, { ports }: Context): Promise<string> {
  try {
    return await ports.identity.boundPrincipals(text, account);
  } catch (error) {
    if (error instanceof MalformedPolicy) throw fault('MalformedPolicy', 'Invalid principal in policy');
    throw error;
  }
}

function isJsonObject(text: string): boolean {
  try {
    return text.startsWith('{') && typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}

function checkStatement(
  { actions, notActions, resources = [], notResources }: PolicyStatement,
  arn: string,
): void {
  if (actions.some((action) => action !== '*' && !/^s3:/i.test(action))) {
    throw new MalformedPolicy('Policy has invalid action');
  }
  if (!notResources && resources.some((resource) => !isWithin(resource, arn))) {
    throw new MalformedPolicy('Policy has invalid resource');
  }
  if (notActions || notResources) return;
  for (const action of actions) {
    if (/[*?]/.test(action)) continue;
    const fits = resources.some((resource) =>
      ofObjects(action) ? namesObjects(resource, arn) : namesBucket(resource, arn),
    );
    if (!fits) throw new MalformedPolicy('Action does not apply to any resource(s) in statement');
  }
}

function isWithin(resource: string, arn: string): boolean {
  return (
    resource === arn ||
    resource.startsWith(`${arn}/`) ||
    resource === `${arn}*` ||
    resource === '*' ||
    resource === 'arn:aws:s3:::*'
  );
}

const OBJECT_ACTION = /^s3:(?:\w*Object\w*|AbortMultipartUpload|ListMultipartUploadParts)$/i;

function ofObjects(action: string): boolean {
  return OBJECT_ACTION.test(action) && !/^s3:\w*Bucket/i.test(action);
}

function namesObjects(resource: string, arn: string): boolean {
  return resource.startsWith(`${arn}/`) || resource.endsWith('*');
}

function namesBucket(resource: string, arn: string): boolean {
  return !resource.startsWith(`${arn}/`);
}
