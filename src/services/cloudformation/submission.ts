import type { Capability } from '../../model/gen/cloudformation.ts';
import type { Context } from '../../service/context.ts';
import { loadText, planOf, storeText } from './engine/intent.ts';
import type { Plan } from './engine/plan.ts';
import { fault, validationError } from './fault.ts';
import { include, readObject } from './include.ts';
import { openParameters, sealParameters } from './no-echo.ts';
import { providerOf, schemaTypeOf, takesAnything } from './resources/registry.ts';
import { s3Place } from './s3-place.ts';
import { SERVERLESS, transformServerless } from './sam/transform.ts';
import type { StackIntent, StackRow, Tag } from './stack.ts';
import { acknowledges, neededCapability } from './template/capability.ts';
import { checkReferences } from './template/graph.ts';
import {
  checkParameterDeclarations,
  type GivenParameter,
  type ParameterValue,
  resolveParameters,
  ssmValueType,
} from './template/parameter.ts';
import { parseTemplateText } from './template/parse.ts';
import { isPseudoParameter } from './template/pseudo.ts';
import { formatError, readTemplate, readTransforms, type Template } from './template/template.ts';
import { isMap, type ValueMap } from './template/value.ts';

/** What a caller submits to make or change a stack. */
export interface Submission {
  readonly TemplateBody?: string | undefined;
  readonly TemplateURL?: string | undefined;
  readonly UsePreviousTemplate?: boolean | undefined;
  readonly Parameters?:
    | readonly {
        readonly ParameterKey?: string | undefined;
        readonly ParameterValue?: string | undefined;
        readonly UsePreviousValue?: boolean | undefined;
      }[]
    | undefined;
  readonly Capabilities?: readonly Capability[] | undefined;
  readonly Tags?: readonly Tag[] | undefined;
  readonly RoleARN?: string | undefined;
}

export interface Accepted {
  readonly intent: StackIntent;
  readonly template: Template;
  readonly plan: Plan;
  /** Of the template as it was written. */
  readonly transforms: readonly string[];
}

const LANGUAGE_EXTENSIONS = 'AWS::LanguageExtensions';
const MOST_BODY = 51_200;
const MOST_URL_BODY = 1_000_000;

/** The text a caller gives or names. */
export async function templateText(
  ctx: Context,
  submission: Pick<Submission, 'TemplateBody' | 'TemplateURL'>,
): Promise<string | undefined> {
  const { TemplateBody: body, TemplateURL: url } = submission;
  if (body !== undefined && url !== undefined) {
    throw validationError('Specify only one of TemplateBody and TemplateURL');
  }
  if (body !== undefined) {
    if (Buffer.byteLength(body) <= MOST_BODY) return body;
    throw validationError(
      `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${MOST_BODY}`,
    );
  }
  return url === undefined ? undefined : fetchTemplate(ctx, url);
}

/** Reads a template from S3 as the caller. */
async function fetchTemplate(ctx: Context, address: string): Promise<string> {
  const place = s3Place(address);
  if (place !== undefined && address.startsWith('s3://'))
    throw validationError(`S3 error: Domain name specified in ${place.Bucket} is not a valid S3 domain`);
  if (place === undefined) throw validationError('TemplateURL must be a supported URL.');
  return readObject(ctx, place, MOST_URL_BODY);
}

function given(submission: Submission): readonly GivenParameter[] {
  return (submission.Parameters ?? []).map(({ ParameterKey, ParameterValue, UsePreviousValue }) => ({
    key: ParameterKey ?? '',
    value: ParameterValue,
    usePrevious: UsePreviousValue === true,
  }));
}

/** A template's text, its macros run. */
export interface Expanded {
  readonly template: Template;
  readonly transforms: readonly string[];
  /** The processed template's text; the original's without transforms. */
  readonly processed: string;
}

/** Reads a template and runs its transforms; `parametersOf` gives the values macros see. */
export async function expand(
  text: string,
  ctx: Context,
  parametersOf: (declarations: ValueMap) => readonly ParameterValue[],
): Promise<Expanded> {
  const written = parseTemplateText(text);
  if (!isMap(written)) throw formatError('unsupported structure.');
  const values = once(() => {
    const declarations = written['Parameters'];
    const all = parametersOf(isMap(declarations) ? declarations : {});
    return new Map(all.map(({ key, value }) => [key, value]));
  });
  const root = mentionsInclude(text) ? await include(ctx, written, values()) : written;
  const transforms = readTransforms(root['Transform']);
  const unknown = transforms.find((name) => name !== SERVERLESS && name !== LANGUAGE_EXTENSIONS);
  if (unknown !== undefined) throw validationError(`No transform named ${unknown} found.`);
  if (!transforms.includes(SERVERLESS)) {
    const processed = root === written ? text : JSON.stringify(root);
    return { template: readTemplate(root), transforms, processed };
  }
  const expanded = transformServerless(root, { parameters: values(), region: ctx.region });
  return { template: readTemplate(expanded), transforms, processed: JSON.stringify(expanded) };
}

function mentionsInclude(text: string): boolean {
  return text.includes('AWS::Include');
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/**
 * Checks a submission whole and turns it into what the stack shall be: nothing is written yet.
 * @param stack what it changes; absent for a new stack
 * @param changeSet for a change set, which shows what macros did: running them need not be acknowledged
 */
export async function accept(
  ctx: Context,
  submission: Submission,
  stack: Pick<StackRow, 'name' | 'uuid' | 'intent'>,
  changeSet: boolean,
): Promise<Accepted> {
  const { intent: before } = stack;
  const text = submission.UsePreviousTemplate
    ? before && (await loadText(ctx, before.original))
    : await templateText(ctx, submission);
  if (text === undefined) throw validationError('Either Template URL or Template Body must be specified.');
  const { template, transforms, processed } = await expand(text, ctx, (declarations) =>
    resolveParameters(
      declarations as unknown as Template['parameters'],
      given(submission),
      openParameters(before?.parameters ?? [], ctx),
    ),
  );
  checkTemplate(template);
  const capabilities = submission.Capabilities ?? [];
  if (transforms.length > 0 && !changeSet && !capabilities.includes('CAPABILITY_AUTO_EXPAND')) {
    throw insufficient('CAPABILITY_AUTO_EXPAND');
  }
  const needed = neededCapability(template);
  if (needed !== undefined && !acknowledges(capabilities, needed.capability))
    throw insufficient(needed.capability);
  const parameters = await lookUpSsm(
    ctx,
    template,
    resolveParameters(template.parameters, given(submission), openParameters(before?.parameters ?? [], ctx)),
  );
  const intent = {
    description: template.description,
    parameters,
    tags: submission.Tags ?? before?.tags ?? [],
    // Acknowledged anew each time; a stack shows what was acknowledged last.
    capabilities: submission.Capabilities ?? (changeSet ? [] : (before?.capabilities ?? [])),
    notificationArns: before?.notificationArns ?? [],
    roleArn: submission.RoleARN ?? before?.roleArn,
  };
  const plan = await planOf(ctx, stack, intent, template);
  plan.checkRules();
  plan.refuseLeftOut();
  refuseUncreatable(plan);
  const original = await storeText(ctx, text);
  return {
    intent: {
      ...intent,
      parameters: sealParameters(parameters, ctx),
      original,
      processed: processed === text ? original : await storeText(ctx, processed),
    },
    template,
    plan,
    transforms,
  };
}

/** What can be said of a template alone. */
export function checkTemplate(template: Template): void {
  checkParameterDeclarations(template.parameters);
  const unknown = new Set<string>();
  for (const { type } of Object.values(template.resources)) {
    if (!takesAnything(type) && schemaTypeOf(type) === undefined) unknown.add(type);
  }
  if (unknown.size > 0) throw formatError(`Unrecognized resource types: [${[...unknown].join(', ')}]`);
  checkReferences(template, isPseudoParameter);
}

/** A type AWS has and Lambent has not yet is said before anything is made. */
function refuseUncreatable(plan: Plan): void {
  const types = new Set(
    Object.values(plan.resources).flatMap(({ type }) => (providerOf(type) === undefined ? [type] : [])),
  );
  if (types.size > 0) {
    throw formatError(`Lambent cannot create resources of these types yet: [${[...types].join(', ')}]`);
  }
}

function insufficient(capability: string) {
  return fault('InsufficientCapabilitiesException', `Requires capabilities : [${capability}]`);
}

async function lookUpSsm(
  ctx: Context,
  template: Template,
  values: readonly ParameterValue[],
): Promise<readonly ParameterValue[]> {
  return Promise.all(
    values.map(async (value) => {
      if (ssmValueType(template.parameters[value.key]?.Type ?? '') === undefined) return value;
      const { Parameter } = await ctx.call<{ Parameter?: { Value?: string } }>('ssm', 'GetParameter', {
        Name: value.value,
      });
      return { ...value, resolved: Parameter?.Value ?? '' };
    }),
  );
}

/** Refuses what Lambent would otherwise accept and ignore. */
export function refuseUnsupported(input: object, names: readonly string[]): void {
  const members = input as Readonly<Record<string, unknown>>;
  for (const name of names) {
    const value = members[name];
    const empty =
      value === undefined ||
      value === false ||
      (Array.isArray(value) && value.length === 0) ||
      (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
    if (!empty) throw validationError(`Lambent does not support ${name} yet`);
  }
}
