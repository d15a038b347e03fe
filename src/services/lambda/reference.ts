import { formatArn } from '../../base/arn.ts';
import type { LambdaErrorName } from '../../model/gen/lambda.ts';
import { faults } from '../../service/faults.ts';

const plain = faults<LambdaErrorName>();

/** Lambda's faults, which say whose mistake it was; those that every AWS service has do not. */
export const fault: typeof plain = (code, message, detail) =>
  plain(code, message, code === 'ValidationException' ? detail : { Type: 'User', ...detail });

/** What a `FunctionName` and a `Qualifier` of a request point at. */
export interface FunctionReference {
  /** Of the ARN, when one was given: the function may be another account's. */
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** A version number, an alias or `$LATEST`; undefined when the request named none. */
  readonly qualifier: string | undefined;
}

const REFERENCE =
  /^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:((?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_.]+)(?::([a-zA-Z0-9-_$.]+))?$/;

/**
 * Reads a name, a partial ARN (`123456789012:function:name`) or an ARN, with or without a qualifier.
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export function readReference(
  functionName: string,
  qualifier: string | undefined,
  scope: { readonly account: string; readonly region: string },
): FunctionReference {
  const match = REFERENCE.exec(functionName);
  const [, region = scope.region, account = scope.account, name = '', derived] = match ?? [];
  if (match === null) throw fault('InvalidParameterValueException', `Invalid function name: ${functionName}`);
  if (derived !== undefined && qualifier !== undefined && derived !== qualifier) {
    throw fault(
      'InvalidParameterValueException',
      'The derived qualifier from the function name does not match the specified qualifier.',
    );
  }
  return { account, region, name, qualifier: qualifier ?? derived };
}

/** `arn:aws:lambda:us-east-1:123456789012:function:name`, with `:qualifier` when there is one. */
export function arnOf(reference: FunctionReference, qualifier = reference.qualifier): string {
  const resource =
    qualifier === undefined ? `function:${reference.name}` : `function:${reference.name}:${qualifier}`;
  return formatArn('lambda', reference.region, reference.account, resource);
}

/** A function's own ARN, whatever its version. */
export function functionArn(
  { account, region }: { readonly account: string; readonly region: string },
  name: string,
): string {
  return formatArn('lambda', region, account, `function:${name}`);
}

export const LATEST = '$LATEST';

/** Qualifiers that are neither a version nor `$LATEST`. */
export function isAliasName(qualifier: string): boolean {
  return /^(?!\d+$)[a-zA-Z0-9-_]+$/.test(qualifier);
}

export function isVersionNumber(qualifier: string): boolean {
  return /^[0-9]+$/.test(qualifier);
}
