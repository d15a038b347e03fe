import type { CloudformationOperations } from '../../model/gen/cloudformation.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { loadText } from './engine/intent.ts';
import { fault, validationError } from './fault.ts';
import { layout } from './layout.ts';
import { resourceType } from './schema/resource-type.ts';
import { uuidOfChangeSet } from './stack.ts';
import { unlessEmpty } from './stack-descriptions.ts';
import { requireStack } from './stack-lookup.ts';
import { checkTemplate, expand, refuseUnsupported, templateText } from './submission.ts';
import { neededCapability } from './template/capability.ts';
import { checkParameterDeclarations, defaultText, isNoEcho } from './template/parameter.ts';
import { parseTemplateText } from './template/parse.ts';
import {
  formatError,
  type ParameterDeclaration,
  readTransforms,
  type Template,
} from './template/template.ts';
import { isMap, type Value } from './template/value.ts';

/** A template as it stands, before any transform: what can be read of it without running macros. */
interface Outline {
  readonly parameters: Readonly<Record<string, ParameterDeclaration>>;
  readonly description: string | undefined;
  readonly transforms: readonly string[];
  readonly types: readonly string[];
  readonly resources: readonly { readonly logicalId: string; readonly type: string }[];
  readonly metadata: Value | undefined;
  /** Absent when transforms must run first. */
  readonly template: Template | undefined;
}

async function outline(text: string, ctx: Context): Promise<Outline> {
  const root = parseTemplateText(text);
  if (!isMap(root)) throw formatError('unsupported structure.');
  const transforms = readTransforms(root['Transform']);
  const section = (name: string) => (isMap(root[name]) ? root[name] : {});
  const parameters = section('Parameters') as unknown as Outline['parameters'];
  checkParameterDeclarations(parameters);
  // Macros see parameters, which are not known here: what they would make is left open.
  const open = transforms.length > 0 || text.includes('AWS::Include');
  const template = open ? undefined : (await expand(text, ctx, () => [])).template;
  if (template !== undefined) checkTemplate(template);
  const resources = Object.entries(section('Resources')).flatMap(([logicalId, one]) =>
    isMap(one) && typeof one['Type'] === 'string' ? [{ logicalId, type: one['Type'] }] : [],
  );
  return {
    parameters,
    transforms,
    description: typeof root['Description'] === 'string' ? root['Description'] : undefined,
    resources,
    types: [...new Set(resources.map(({ type }) => type))],
    metadata: root['Metadata'],
    template,
  };
}

function capabilitiesOf({ template, transforms }: Outline) {
  const needed = template && neededCapability(template);
  if (needed !== undefined) return { Capabilities: [needed.capability], CapabilitiesReason: needed.reason };
  if (transforms.length > 0) {
    return {
      Capabilities: ['CAPABILITY_AUTO_EXPAND'] as const,
      CapabilitiesReason: `The following resource(s) require capabilities: [${transforms.join(', ')}]`,
    };
  }
  return {};
}

async function requireText(
  ctx: Context,
  input: { readonly TemplateBody?: string | undefined; readonly TemplateURL?: string | undefined },
): Promise<string> {
  const text = await templateText(ctx, input);
  if (text === undefined) throw validationError('Either Template URL or Template Body must be specified.');
  return text;
}

export const templates = {
  async GetTemplate(input, ctx) {
    if (input.StackName === undefined && input.ChangeSetName === undefined)
      throw validationError('StackName is required if ChangeSetName is not specified.');
    const intent =
      input.ChangeSetName === undefined
        ? (
            await requireStack(
              ctx,
              input.StackName ?? '',
              `Stack with id ${input.StackName ?? ''} does not exist`,
            )
          ).intent
        : await changeSetIntent(ctx, input.ChangeSetName, input.StackName);
    if (intent === undefined) throw validationError(`Stack ${input.StackName ?? ''} has no template`);
    const ref = input.TemplateStage === 'Processed' ? intent.processed : intent.original;
    return { TemplateBody: await loadText(ctx, ref), StagesAvailable: ['Original', 'Processed'] };
  },

  async ValidateTemplate(input, ctx) {
    const read = await outline(await requireText(ctx, input), ctx);
    return {
      Parameters: Object.entries(read.parameters).map(([key, declaration]) => ({
        ParameterKey: key,
        DefaultValue: defaultText(declaration),
        NoEcho: isNoEcho(declaration),
        Description: declaration.Description,
      })),
      Description: read.description,
      DeclaredTransforms: unlessEmpty(read.transforms),
      ...capabilitiesOf(read),
    };
  },

  async GetTemplateSummary(input, ctx) {
    if (input.StackSetName !== undefined) throw validationError('Lambent has no stack sets yet');
    refuseUnsupported(input, ['TemplateSummaryConfig']);
    const text =
      input.StackName === undefined ? await requireText(ctx, input) : await stackText(ctx, input.StackName);
    const read = await outline(text, ctx);
    return {
      Parameters: Object.entries(read.parameters).map(([key, declaration]) => ({
        ParameterKey: key,
        DefaultValue: defaultText(declaration),
        ParameterType: declaration.Type,
        NoEcho: isNoEcho(declaration),
        Description: declaration.Description,
        ParameterConstraints:
          declaration.AllowedValues === undefined
            ? {}
            : { AllowedValues: declaration.AllowedValues.map((value) => String(value)) },
      })),
      Description: read.description,
      ResourceTypes: read.types,
      Version: '2010-09-09',
      Metadata: read.metadata === undefined ? undefined : JSON.stringify(read.metadata),
      DeclaredTransforms: unlessEmpty(read.transforms),
      ResourceIdentifierSummaries: read.types.flatMap((type) => {
        const identifier = resourceType(type)?.identifier;
        if (identifier === undefined) return [];
        const LogicalResourceIds = read.resources.flatMap((one) =>
          one.type === type ? [one.logicalId] : [],
        );
        return [{ ResourceType: type, LogicalResourceIds, ResourceIdentifiers: identifier }];
      }),
      ...capabilitiesOf(read),
    };
  },
} satisfies Group<CloudformationOperations>;

async function stackText(ctx: Context, name: string): Promise<string> {
  const { intent, status } = await requireStack(ctx, name);
  if (status === 'REVIEW_IN_PROGRESS')
    throw validationError('GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.');
  if (intent === undefined) throw validationError(`Stack ${name} has no template`);
  return loadText(ctx, intent.original);
}

async function changeSetIntent(ctx: Context, name: string, stackName: string | undefined) {
  const rows = layout.at(ctx.account, ctx.region);
  if (stackName === undefined && uuidOfChangeSet(name, ctx) === undefined)
    throw validationError('StackName is a required parameter.');
  const stack = stackName === undefined ? undefined : await requireStack(ctx, stackName);
  const found = (await rows.changeSets.all(ctx.store, stack === undefined ? [] : [stack.uuid])).find(
    ({ value }) => value.name === name || name.endsWith(`/${value.uuid}`),
  );
  if (found === undefined) throw fault('ChangeSetNotFound', `ChangeSet [${name}] does not exist`);
  return found.value.intent;
}
