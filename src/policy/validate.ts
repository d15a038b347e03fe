import { compileDocument } from './compile.ts';
import {
  MalformedPolicy,
  type PolicyDocument,
  type PolicyStatement,
  parseDocument,
  SYNTAX,
  UnknownOperator,
} from './document.ts';

/**
 * What AWS checks when a policy is stored, beyond its grammar, in AWS's order and words.
 *
 * - `managed`: a customer managed policy; it must be of version 2012-10-17
 * - `inline`: of a user, group or role, or a session policy
 * - `trust`: a role's; it names principals and no resources
 * - `resource`: attached to a resource
 * - `queue`: attached to a queue of SQS, which takes whatever it calls its resource
 */
export type PolicyKind = 'managed' | 'inline' | 'trust' | 'resource' | 'queue';

/** Reads and checks a document; throws {@link MalformedPolicy}. */
export function validatePolicy(text: string, kind: PolicyKind): PolicyDocument {
  const document = parseDocument(text);
  const { statements } = document;
  const ofIdentity = kind === 'managed' || kind === 'inline';
  if (ofIdentity && statements.length === 0) throw new MalformedPolicy(SYNTAX);
  if (kind === 'managed' && document.version !== '2012-10-17')
    throw new MalformedPolicy('Policy document must be version 2012-10-17 or greater.');
  checkOperands(document, kind);
  if (kind !== 'trust' && statements.some(({ effectSpelled }) => !effectSpelled))
    throw new MalformedPolicy(LEGACY);
  if (statements.some((statement) => statement.resources?.some(isTruncatedArn)))
    throw new MalformedPolicy(LEGACY);
  checkSids(statements, kind);
  for (const statement of statements) {
    if (statement.actions.length === 0) throw new MalformedPolicy('Policy statement must contain actions.');
  }
  for (const { actions } of statements) for (const action of actions) checkPrefix(action);
  for (const statement of statements) {
    checkResources(statement, kind);
    checkPrincipals(statement, kind);
    for (const action of statement.actions) checkAction(action);
  }
  return document;
}

/** Operators and operands are read by compiling. */
function checkOperands(document: PolicyDocument, kind: PolicyKind): void {
  try {
    compileDocument(document, '');
  } catch (error) {
    if (error instanceof UnknownOperator && kind !== 'resource') throw new MalformedPolicy(SYNTAX);
    throw error;
  }
}

function checkSids(statements: readonly PolicyStatement[], kind: PolicyKind): void {
  const sids = statements.flatMap(({ sid }) => (sid === undefined || sid === '' ? [] : [sid]));
  if (new Set(sids).size !== sids.length)
    throw new MalformedPolicy('Statement IDs (SID) in a single policy must be unique.');
  if (kind !== 'resource' && kind !== 'queue' && sids.some((sid) => !/^[0-9A-Za-z]*$/.test(sid))) {
    throw new MalformedPolicy(
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
    );
  }
}

function checkPrefix(action: string): void {
  if (action !== '*' && !action.includes(':'))
    throw new MalformedPolicy('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
}

function checkAction(action: string): void {
  if (action === '*') return;
  const [vendor = '', ...names] = action.split(':');
  if (names.length > 1) throw new MalformedPolicy('Actions/Condition can contain only one colon.');
  if (vendor !== '*' && /[^a-zA-Z0-9\-.]/.test(vendor))
    throw new MalformedPolicy(`Vendor ${vendor} is not valid`);
}

const LEGACY = 'The policy failed legacy parsing';

const TRUST_ACTIONS = new Set([
  'sts:assumerole',
  'sts:assumerolewithsaml',
  'sts:assumerolewithwebidentity',
  'sts:tagsession',
  'sts:setsourceidentity',
  'sts:setcontext',
  'sts:assumeroot',
  'sts:*',
]);

function checkPrincipals({ principals, actions }: PolicyStatement, kind: PolicyKind): void {
  if (kind === 'managed' || kind === 'inline') {
    if (principals !== undefined)
      throw new MalformedPolicy('Policy document should not specify a principal.');
    return;
  }
  if (principals === undefined) throw new MalformedPolicy('Missing required field Principal');
  if (kind === 'trust' && actions.some((action) => !TRUST_ACTIONS.has(action.toLowerCase())))
    throw new MalformedPolicy('AssumeRole policy may only specify STS AssumeRole actions.');
  for (const entry of principals.AWS)
    if (!AWS_PRINCIPAL.test(entry))
      throw new MalformedPolicy(`Invalid principal in policy: "AWS":"${entry}"`);
  for (const entry of principals.Service)
    if (!SERVICE_PRINCIPAL.test(entry))
      throw new MalformedPolicy(`Invalid principal in policy: "SERVICE":"${entry}"`);
}

const AWS_PRINCIPAL =
  /^(?:\*|\d{12}|(?:AIDA|AROA)[A-Z0-9]{12,}|arn:aws:iam::(?:\d{12}|cloudfront):(?:root|user\/[^*?]+|role\/[^*?]+)|arn:aws:sts::\d{12}:(?:assumed-role\/[^/*?]+\/[^*?]+|federated-user\/[^*?]+))$/;
const SERVICE_PRINCIPAL = /^(?:\*|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)$/;

function checkResources({ resources }: PolicyStatement, kind: PolicyKind): void {
  if (kind === 'trust') {
    if (resources !== undefined) throw new MalformedPolicy('Has prohibited field Resource');
    return;
  }
  if (resources === undefined || resources.length === 0)
    throw new MalformedPolicy('Policy statement must contain resources.');
  if (kind === 'queue') return;
  for (const resource of resources) checkResource(resource);
}

/** Too few parts although one was left empty, or nobody's; a partition that does not exist is told apart from that. */
function isTruncatedArn(resource: string): boolean {
  if (!resource.includes('::') || resource.includes('${')) return false;
  const [, partition = '', vendor, ...rest] = resource.split(':');
  return PARTITION.test(partition) && (rest.length < 3 || vendor === '');
}

const PARTITION = /^(?:\*|aws|aws-cn|aws-us-gov|aws-iso(?:-[bef])?|aws-eusc)$/;

const IAM_PATHS = [
  'user/',
  'federated-user/',
  'role/',
  'group/',
  'instance-profile/',
  'mfa/',
  'server-certificate/',
  'policy/',
  'sms-mfa/',
  'saml-provider/',
  'oidc-provider/',
  'report/',
  'access-report/',
];

function checkResource(resource: string): void {
  if (resource === '*') return;
  const [start, partition, vendor, region = '', , ...rest] = resource.split(':');
  const unlike = () => new MalformedPolicy(`Resource ${resource} must be in ARN format or "*".`);
  const variable = start?.startsWith('${') ?? false;
  if (partition === undefined && !variable) throw unlike();
  if (resource.includes('${')) {
    if (start !== 'arn' && !variable) throw unlike();
    return;
  }
  if (partition !== undefined && !PARTITION.test(partition)) {
    const shown = ['arn', partition, ...[2, 3, 4].map((i) => resource.split(':')[i] ?? '*')];
    const last = resource.split(':').length > 5 ? resource.split(':').slice(5).join(':') : '*';
    throw new MalformedPolicy(
      `Partition "${partition}" is not valid for resource "${[...shown, last].join(':')}".`,
    );
  }
  if (start !== 'arn') throw unlike();
  if (vendor === undefined || /[*?]/.test(vendor))
    throw new MalformedPolicy('Resource vendor must be fully qualified and cannot contain regexes.');
  const path = rest.join(':');
  if (vendor === 'iam') {
    if (region !== '' && region !== '*')
      throw new MalformedPolicy(`IAM resource ${resource} cannot contain region information.`);
    if (
      path !== '' &&
      !/^[*?]/.test(path) &&
      path !== 'root' &&
      !IAM_PATHS.some((start) => mayStart(path, start))
    ) {
      throw new MalformedPolicy(
        `IAM resource path must either be "*" or start with ${IAM_PATHS.join(', ')}.`,
      );
    }
  }
  if (vendor === 's3' && region !== '' && region !== '*' && !/^(?:accesspoint|job|storage-lens)/.test(path))
    throw new MalformedPolicy(`Resource ${resource} can not contain region information.`);
}

/** A wildcard may stand for the rest of the path's start: `rol*`. */
function mayStart(path: string, start: string): boolean {
  const star = path.search(/[*?]/);
  return (
    path.startsWith(start) || (star >= 0 && star < start.length && start.startsWith(path.slice(0, star)))
  );
}
