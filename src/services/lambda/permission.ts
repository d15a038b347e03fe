import type { AddPermissionRequest } from '../../model/gen/lambda.ts';
import { MalformedPolicy } from '../../policy/document.ts';
import { validatePolicy } from '../../policy/validate.ts';
import type { Context } from '../../service/context.ts';
import type { PolicyRow, PolicyStatement } from './layout.ts';
import { fault } from './reference.ts';

/** The policy document a resource's statements make. */
export function policyDocument({ version = '2012-10-17', id = 'default', statements }: PolicyRow): string {
  return JSON.stringify({ Version: version, Id: id, Statement: statements });
}

/** A document that was put whole, as it is kept. Throws InvalidParameterValueException. */
export async function boundDocument(
  text: string,
  account: string,
  { ports }: Context,
): Promise<Omit<PolicyRow, 'revisionId'>> {
  try {
    validatePolicy(text, 'resource');
    const { Version, Id, Statement } = JSON.parse(await ports.identity.boundPrincipals(text, account)) as {
      readonly Version?: string;
      readonly Id?: string;
      readonly Statement: PolicyStatement | readonly PolicyStatement[];
    };
    const statements = [Statement].flat() as readonly PolicyStatement[];
    return { version: Version ?? '2008-10-17', id: Id, statements };
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw fault('InvalidParameterValueException', `The policy is not valid: ${error.message}`);
  }
}

const MOST_POLICY_BYTES = 20 * 1024;

/** The statement that AddPermission writes. https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html */
export function statementOf(input: AddPermissionRequest, resource: string): PolicyStatement {
  const conditions: Record<string, Record<string, string>> = {};
  const add = (operator: string, key: string, value: string | boolean | undefined) => {
    if (value !== undefined) conditions[operator] = { ...conditions[operator], [key]: String(value) };
  };
  add('StringEquals', 'AWS:SourceAccount', input.SourceAccount);
  add('StringEquals', 'aws:PrincipalOrgID', input.PrincipalOrgID);
  add('StringEquals', 'lambda:EventSourceToken', input.EventSourceToken);
  add('StringEquals', 'lambda:FunctionUrlAuthType', input.FunctionUrlAuthType);
  add('ArnLike', 'AWS:SourceArn', input.SourceArn);
  add('Bool', 'lambda:InvokedViaFunctionUrl', input.InvokedViaFunctionUrl);
  return {
    Sid: input.StatementId,
    Effect: 'Allow',
    Principal: principalOf(input.Principal),
    Action: input.Action,
    Resource: resource,
    ...(Object.keys(conditions).length === 0 ? {} : { Condition: conditions }),
  };
}

/** Services' own names end in one of AWS's. */
const SERVICE_PRINCIPAL = /^[a-z0-9.-]+\.(?:amazonaws\.com(?:\.cn)?|amazon\.com|aws\.internal)$/i;

function principalOf(principal: string): NonNullable<PolicyStatement['Principal']> {
  if (principal === '*') return '*';
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  if (principal.startsWith('arn:')) return { AWS: principal };
  if (SERVICE_PRINCIPAL.test(principal)) return { Service: principal };
  throw fault(
    'InvalidParameterValueException',
    'The provided principal was invalid. Please check the principal and try again.',
  );
}

/** A statement as it is kept: whom it names, by who they are. */
export async function boundStatement(
  statement: PolicyStatement,
  account: string,
  { ports }: Context,
): Promise<PolicyStatement> {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  try {
    validatePolicy(text, 'resource');
    const bound = JSON.parse(await ports.identity.boundPrincipals(text, account)) as {
      readonly Statement: readonly [PolicyStatement];
    };
    return bound.Statement[0];
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw fault(
      'InvalidParameterValueException',
      'The provided principal was invalid. Please check the principal and try again.',
    );
  }
}

export function withStatement(
  before: PolicyRow | undefined,
  statement: PolicyStatement,
  revisionId: string,
): PolicyRow {
  if (before?.statements.some(({ Sid }) => Sid === statement.Sid) === true) {
    throw fault(
      'ResourceConflictException',
      `The statement id (${statement.Sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
    );
  }
  const row = { ...before, statements: [...(before?.statements ?? []), statement], revisionId };
  const size = Buffer.byteLength(policyDocument(row));
  if (size > MOST_POLICY_BYTES) {
    throw fault(
      'PolicyLengthExceededException',
      `The final policy size (${size}) is bigger than the limit (${MOST_POLICY_BYTES}).`,
    );
  }
  return row;
}
