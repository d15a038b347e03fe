import { MalformedPolicy } from '../../policy/document.ts';
import type { Reader } from '../../store/store.ts';
import { checkPolicy, fault, sizeOf } from './fault.ts';
import { parseIamArn } from './identifier.ts';
import { identityArn, identityRows } from './identity.ts';
import { layout } from './layout.ts';

/**
 * A trust policy keeps whom it named: users and roles that exist are stored by unique id, so that another of the same
 * name, made later, is not let in. They are shown by ARN while they exist and by id afterwards.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
const MOST_BYTES = 2048;

/** Checks a trust policy and returns the text to store. */
export async function storedTrust(document: string, account: string, reader: Reader): Promise<string> {
  checkPolicy(document, 'trust');
  if (sizeOf(document) > MOST_BYTES)
    throw fault('LimitExceeded', `Cannot exceed quota for ACLSizePerRole: ${MOST_BYTES}`);
  try {
    return await boundPrincipals(document, account, reader);
  } catch (error) {
    if (error instanceof MalformedPolicy) throw fault('MalformedPolicyDocument', error.message);
    throw error;
  }
}

/** Any policy with principals, as it is kept; throws {@link MalformedPolicy} for one of the account that is not there. */
export async function boundPrincipals(document: string, account: string, reader: Reader): Promise<string> {
  if (!/:(?:user|role)\//.test(document)) return document;
  return replacePrincipals(document, async (entry) => {
    const named = parseIamArn(entry);
    if (named === undefined || (named.kind !== 'user' && named.kind !== 'role')) return entry;
    const row = await identityRows(named.account, named.kind).get(reader, [named.name.toLowerCase()]);
    if (row !== undefined && identityArn(named.account, named.kind, row) === entry) return row.id;
    // Other accounts may lie outside this cloud; their principals are taken at their word.
    if (named.account === account) throw new MalformedPolicy(`Invalid principal in policy: "AWS":"${entry}"`);
    return entry;
  });
}

/** A kept policy as it is shown. */
export function namedPrincipals(stored: string, reader: Reader): Promise<string> {
  if (!/"A(?:IDA|ROA)/.test(stored)) return Promise.resolve(stored);
  return replacePrincipals(stored, async (entry) => {
    if (!/^A(?:IDA|ROA)[A-Z0-9]+$/.test(entry)) return entry;
    const named = await layout.global().uniqueIds.get(reader, [entry]);
    if (named === undefined) return entry;
    const { account, kind, name } = named;
    const row = await identityRows(account, kind).get(reader, [name.toLowerCase()]);
    return row?.id === entry ? identityArn(account, kind, row) : entry;
  });
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** The text stays as it was when no principal changes. */
async function replacePrincipals(
  document: string,
  replace: (entry: string) => Promise<string>,
): Promise<string> {
  const json = JSON.parse(document) as { Statement: Json };
  const statements = Array.isArray(json.Statement) ? json.Statement : [json.Statement];
  let changed = false;
  for (const statement of statements) {
    if (typeof statement !== 'object' || statement === null || Array.isArray(statement)) continue;
    for (const element of ['Principal', 'NotPrincipal']) {
      const principal = statement[element];
      if (typeof principal !== 'object' || principal === null || Array.isArray(principal)) continue;
      const entries = principal['AWS'];
      if (entries === undefined) continue;
      const list = Array.isArray(entries) ? entries : [entries];
      const replaced = await Promise.all(
        list.map((entry) => (typeof entry === 'string' ? replace(entry) : entry)),
      );
      if (replaced.every((entry, i) => entry === list[i])) continue;
      changed = true;
      principal['AWS'] = Array.isArray(entries) ? replaced : (replaced[0] ?? '');
    }
  }
  return changed ? JSON.stringify(json) : document;
}
