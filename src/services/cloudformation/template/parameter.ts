import { RE2JS } from 're2js';
import { validationError } from '../fault.ts';
import { formatError, type ParameterDeclaration } from './template.ts';
import { isScalar, type Value } from './value.ts';

/** A parameter's value as given: by the caller, by the stack's last operation, or by its default. */
export interface ParameterValue {
  readonly key: string;
  readonly value: string;
  readonly noEcho: boolean;
  /** The value is encrypted: see `no-echo.ts`. */
  readonly sealed?: boolean;
  /** The value of the parameter that an SSM parameter type names. */
  readonly resolved?: string;
}

export interface GivenParameter {
  readonly key: string;
  readonly value: string | undefined;
  readonly usePrevious: boolean;
}

const AWS_TYPES = new Set(
  `AWS::EC2::AvailabilityZone::Name AWS::EC2::Image::Id AWS::EC2::Instance::Id AWS::EC2::KeyPair::KeyName
AWS::EC2::SecurityGroup::GroupName AWS::EC2::SecurityGroup::Id AWS::EC2::Subnet::Id AWS::EC2::Volume::Id
AWS::EC2::VPC::Id AWS::Route53::HostedZone::Id AWS::SSM::Parameter::Name`.split(/\s+/),
);

/** `AWS::SSM::Parameter::Value<T>` → T. */
export function ssmValueType(type: string): string | undefined {
  return /^AWS::SSM::Parameter::Value<(.+)>$/.exec(type)?.[1];
}

function isKnownType(type: string): boolean {
  const list = /^List<(.+)>$/.exec(type)?.[1];
  if (list !== undefined) return list === 'Number' || list === 'String' || AWS_TYPES.has(list);
  const ssm = ssmValueType(type);
  if (ssm !== undefined) return isKnownType(ssm);
  return type === 'String' || type === 'Number' || type === 'CommaDelimitedList' || AWS_TYPES.has(type);
}

export function isListType(type: string): boolean {
  return type === 'CommaDelimitedList' || type.startsWith('List<');
}

/** What `Ref` of the parameter gives. */
export function parameterRef(declaration: ParameterDeclaration, value: ParameterValue): Value {
  const text = value.resolved ?? value.value;
  const type = ssmValueType(declaration.Type) ?? declaration.Type;
  if (!isListType(type)) return text;
  return text === '' ? [] : text.split(',').map((item) => item.trim());
}

export function isNoEcho(declaration: ParameterDeclaration | undefined): boolean {
  return String(declaration?.NoEcho ?? 'false').toLowerCase() === 'true';
}

export function defaultText(declaration: ParameterDeclaration): string | undefined {
  return isScalar(declaration.Default) ? String(declaration.Default) : undefined;
}

/** Checks the declarations themselves. */
export function checkParameterDeclarations(
  declarations: Readonly<Record<string, ParameterDeclaration>>,
): void {
  for (const [key, declaration] of Object.entries(declarations)) {
    if (!isKnownType(declaration.Type)) {
      throw formatError(`Unrecognized parameter type: ${declaration.Type}`);
    }
    if (declaration.Default !== undefined && !isScalar(declaration.Default)) {
      throw formatError('Every Default member must be a string.');
    }
    if (declaration.AllowedPattern !== undefined) patternOf(key, declaration.AllowedPattern);
  }
}

/**
 * The value of every declared parameter.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
 * @param previous values of the stack's last operation, for `UsePreviousValue`
 */
export function resolveParameters(
  declarations: Readonly<Record<string, ParameterDeclaration>>,
  given: readonly GivenParameter[],
  previous: readonly ParameterValue[] = [],
): readonly ParameterValue[] {
  const unknown = given.filter(({ key }) => declarations[key] === undefined).map(({ key }) => key);
  if (unknown.length > 0) {
    throw validationError(`Parameters: [${unknown.join(', ')}] do not exist in the template`);
  }
  const missing: string[] = [];
  const values = Object.entries(declarations).flatMap(([key, declaration]) => {
    const one = given.find((item) => item.key === key);
    const before = previous.find((item) => item.key === key);
    if (one?.usePrevious && before === undefined) {
      throw validationError(
        `Invalid input for parameter key ${key}. Cannot specify usePreviousValue as true for a parameter key not in the previous template`,
      );
    }
    const value = one?.usePrevious ? before?.value : (one?.value ?? defaultText(declaration));
    if (value === undefined) {
      missing.push(key);
      return [];
    }
    checkValue(key, declaration, value);
    return [{ key, value, noEcho: isNoEcho(declaration) }];
  });
  if (missing.length > 0) throw validationError(`Parameters: [${missing.join(', ')}] must have values`);
  return values;
}

function checkValue(key: string, declaration: ParameterDeclaration, value: string): void {
  if (value.length > 4096) throw validationError(`Parameter '${key}' exceeds the maximum length of 4096`);
  const {
    Type: type,
    AllowedValues: allowed,
    AllowedPattern: pattern,
    ConstraintDescription: told,
  } = declaration;
  const refuse = (detail: string) =>
    validationError(
      told === undefined
        ? `Parameter '${key}' ${detail}`
        : `Parameter ${key} failed to satisfy constraint: ${told}`,
    );
  const items = isListType(type) ? value.split(',').map((item) => item.trim()) : [value];
  if (type === 'Number' || type === 'List<Number>') {
    for (const item of items) {
      if (item === '' || !Number.isFinite(Number(item))) throw refuse('must be a number.');
    }
  }
  if (allowed !== undefined && !items.every((item) => allowed.some((one) => String(one) === item))) {
    throw refuse('must be one of AllowedValues');
  }
  if (pattern !== undefined && !items.every((item) => patternOf(key, pattern).test(item))) {
    throw refuse(`must match pattern ${pattern}`);
  }
  const { MinLength, MaxLength, MinValue, MaxValue } = declaration;
  if (type === 'String') {
    if (MinLength !== undefined && value.length < Number(MinLength)) {
      throw refuse(`must contain at least ${Number(MinLength)} characters`);
    }
    if (MaxLength !== undefined && value.length > Number(MaxLength)) {
      throw refuse(`must contain at most ${Number(MaxLength)} characters`);
    }
  }
  if (type === 'Number') {
    if (MinValue !== undefined && Number(value) < Number(MinValue)) {
      throw refuse(`must be a number not less than ${Number(MinValue)}`);
    }
    if (MaxValue !== undefined && Number(value) > Number(MaxValue)) {
      throw refuse(`must be a number not greater than ${Number(MaxValue)}`);
    }
  }
}

/** The pattern must match the whole value, as Java's `matches` does; in linear time where the pattern allows it. */
function patternOf(key: string, pattern: string): { test(text: string): boolean } {
  try {
    const compiled = RE2JS.compile(pattern);
    return { test: (text) => compiled.matches(text) };
  } catch {
    // Look-around and back-references need a backtracking engine; values are at most 4,096 characters.
    try {
      return new RegExp(`^(?:${pattern})$`, 'u');
    } catch {
      throw formatError(`The AllowedPattern of parameter ${key} is not a regular expression: ${pattern}`);
    }
  }
}
