import { formatArn } from '../../base/arn.ts';
import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { ContextValues } from '../../policy/request.ts';
import { passingRole } from '../../service/passing-role.ts';
import type { ActionRequest, Authorisation, AuthorisationScope } from '../../service/service.ts';
import { providerArn } from './capacity-provider.ts';
import { layout, type PolicyStatement } from './layout.ts';
import { arnOf, readReference } from './reference.ts';
import { SERVICE } from './roles.ts';

interface Named {
  readonly FunctionName: string;
  readonly Qualifier?: string | undefined;
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html */
function onFunction(operation: string) {
  return (input: Named, scope: AuthorisationScope): readonly ActionRequest[] => [
    {
      action: `lambda:${operation}`,
      resource: arnOf(readReference(input.FunctionName, input.Qualifier, scope)),
    },
  ];
}

function onAlias(operation: string) {
  return (input: Named & { readonly Name: string }, scope: AuthorisationScope): readonly ActionRequest[] => [
    { action: `lambda:${operation}`, resource: arnOf(readReference(input.FunctionName, undefined, scope)) },
  ];
}

function onAll(operation: string) {
  return (): readonly ActionRequest[] => [{ action: `lambda:${operation}`, resource: '*' }];
}

function onLayer(operation: string) {
  return (
    input: { readonly LayerName: string; readonly VersionNumber?: number | undefined },
    scope: AuthorisationScope,
  ): readonly ActionRequest[] => {
    const suffix = input.VersionNumber === undefined ? '' : `:${input.VersionNumber}`;
    const resource = input.LayerName.startsWith('arn:')
      ? `${input.LayerName}${suffix}`
      : formatArn('lambda', scope.region, scope.account, `layer:${input.LayerName}${suffix}`);
    return [{ action: `lambda:${operation}`, resource }];
  };
}

/** A mapping's permissions may be bound to its function. */
function onMapping(operation: string) {
  return async (
    { UUID, FunctionName }: { readonly UUID: string; readonly FunctionName?: string | undefined },
    scope: AuthorisationScope,
  ): Promise<readonly ActionRequest[]> => {
    const { account, region, ctx } = scope;
    const mapping = await layout.at(account, region).mappings.get(ctx.store, [UUID]);
    const own = {
      action: `lambda:${operation}`,
      resource: formatArn('lambda', region, account, `event-source-mapping:${UUID}`),
    };
    const moved = FunctionName === undefined ? undefined : functionNamed(FunctionName, scope);
    const functions = [...new Set([mapping?.functionArn, moved].filter((arn) => arn !== undefined))];
    // One that is moved to another function is taken from the one and given to the other.
    return functions.length === 0
      ? [own]
      : functions.map((arn) => ({ ...own, context: { 'lambda:FunctionArn': arn } }));
  };
}

function functionNamed(name: string, scope: AuthorisationScope): string {
  return arnOf(readReference(name, undefined, scope));
}

interface UrlInput extends Named {
  readonly AuthType?: string | undefined;
}

/** Of a function's URL: how it is open now, or will be. */
function onUrl(operation: string) {
  return async (input: UrlInput, scope: AuthorisationScope): Promise<readonly ActionRequest[]> => {
    const reference = readReference(input.FunctionName, input.Qualifier, scope);
    const { account, region, name, qualifier = '' } = reference;
    const url =
      input.AuthType === undefined
        ? await layout.at(account, region).urls.get(scope.ctx.store, [name, qualifier])
        : undefined;
    const authType = input.AuthType ?? url?.authType;
    const context = {
      'lambda:FunctionArn': arnOf(reference),
      ...(authType === undefined ? {} : { 'lambda:FunctionUrlAuthType': authType }),
    };
    return [{ action: `lambda:${operation}`, resource: arnOf(reference), context }];
  };
}

/** Whom a statement is for, and for what: of one to be made, or of one that is there. */
function onPermission(operation: string) {
  return async (
    input: Named & {
      readonly StatementId: string;
      readonly Principal?: string | undefined;
      readonly FunctionUrlAuthType?: string | undefined;
    },
    scope: AuthorisationScope,
  ): Promise<readonly ActionRequest[]> => {
    const reference = readReference(input.FunctionName, input.Qualifier, scope);
    const { account, region, name, qualifier = '' } = reference;
    const policy =
      input.Principal === undefined
        ? await layout.at(account, region).policies.get(scope.ctx.store, [name, qualifier])
        : undefined;
    const statement = policy?.statements.find(({ Sid }) => Sid === input.StatementId);
    const principal = input.Principal ?? principalIn(statement?.Principal);
    const authType =
      input.FunctionUrlAuthType ??
      [statement?.Condition?.['StringEquals']?.['lambda:FunctionUrlAuthType']].flat()[0];
    const context = {
      ...(principal === undefined ? {} : { 'lambda:Principal': principal }),
      ...(authType === undefined ? {} : { 'lambda:FunctionUrlAuthType': authType }),
    };
    return [{ action: `lambda:${operation}`, resource: arnOf(reference), context }];
  };
}

function principalIn(principal: PolicyStatement['Principal']): string | undefined {
  return typeof principal === 'object' ? [Object.values(principal)[0]].flat()[0] : principal;
}

function onProvider(operation: string) {
  return (
    { CapacityProviderName }: { readonly CapacityProviderName: string },
    scope: AuthorisationScope,
  ): readonly ActionRequest[] => [
    { action: `lambda:${operation}`, resource: providerOf(CapacityProviderName, scope) },
  ];
}

function providerOf(name: string, scope: AuthorisationScope): string {
  return name.startsWith('arn:') ? name : providerArn(scope, name);
}

function onPolicy(operation: string) {
  return ({ ResourceArn }: { readonly ResourceArn: string }): readonly ActionRequest[] => [
    { action: `lambda:${operation}`, resource: ResourceArn },
  ];
}

function onSigning(operation: string) {
  return (input: { readonly CodeSigningConfigArn: string }): readonly ActionRequest[] => [
    { action: `lambda:${operation}`, resource: input.CodeSigningConfigArn },
  ];
}

/** Whoever gives a function a role must be allowed to hand it to Lambda. */
function passing(
  { FunctionName, Role }: { readonly FunctionName: string; readonly Role?: string | undefined },
  scope: AuthorisationScope,
): readonly ActionRequest[] {
  if (Role === undefined) return [];
  return [passingRole(Role, SERVICE, arnOf(readReference(FunctionName, undefined, scope)))];
}

function using(layers: readonly string[] | undefined): readonly ActionRequest[] {
  return (layers ?? []).map((resource) => ({ action: 'lambda:GetLayerVersion', resource }));
}

interface Settings {
  readonly CapacityProviderConfig?:
    | { readonly LambdaManagedInstancesCapacityProviderConfig: { readonly CapacityProviderArn: string } }
    | undefined;
  readonly Layers?: readonly string[] | undefined;
  readonly CodeSigningConfigArn?: string | undefined;
  readonly VpcConfig?:
    | {
        readonly SubnetIds?: readonly string[] | undefined;
        readonly SecurityGroupIds?: readonly string[] | undefined;
      }
    | undefined;
}

/** What policies may ask of a function's settings. */
function settingsKeys({ Layers, CodeSigningConfigArn, VpcConfig }: Settings): ContextValues {
  const { SubnetIds, SecurityGroupIds } = VpcConfig ?? {};
  return {
    ...(Layers === undefined ? {} : { 'lambda:Layer': Layers }),
    ...(CodeSigningConfigArn === undefined ? {} : { 'lambda:CodeSigningConfigArn': CodeSigningConfigArn }),
    ...(SubnetIds === undefined ? {} : { 'lambda:SubnetIds': SubnetIds }),
    ...(SecurityGroupIds === undefined ? {} : { 'lambda:SecurityGroupIds': SecurityGroupIds }),
  };
}

/** To make something with tags takes the permission to tag it. */
function tagging(
  resource: string,
  tags: Readonly<Record<string, string>> | undefined,
): readonly ActionRequest[] {
  return Object.keys(tags ?? {}).length === 0 ? [] : [{ action: 'lambda:TagResource', resource }];
}

function onSettings(operation: string) {
  return (input: Named & Settings & { readonly Role?: string | undefined }, scope: AuthorisationScope) => [
    ...onFunction(operation)(input, scope).map((request) => ({ ...request, context: settingsKeys(input) })),
    ...passing(input, scope),
    ...using(input.Layers),
    ...onInstances(input),
  ];
}

/** Whoever gives a function a capacity provider must be allowed to hand it on. */
function onInstances({ CapacityProviderConfig }: Settings): readonly ActionRequest[] {
  const resource = CapacityProviderConfig?.LambdaManagedInstancesCapacityProviderConfig.CapacityProviderArn;
  return resource === undefined ? [] : [{ action: 'lambda:PassCapacityProvider', resource }];
}

export const authorisation: Authorisation<LambdaOperations> = {
  CreateFunction: (input, scope) => [
    ...onSettings('CreateFunction')(input, scope),
    ...tagging(functionNamed(input.FunctionName, scope), input.Tags),
  ],
  UpdateFunctionConfiguration: onSettings('UpdateFunctionConfiguration'),
  GetFunction: onFunction('GetFunction'),
  GetFunctionConfiguration: onFunction('GetFunctionConfiguration'),
  DeleteFunction: onFunction('DeleteFunction'),
  ListFunctions: onAll('ListFunctions'),
  UpdateFunctionCode: onFunction('UpdateFunctionCode'),
  PublishVersion: onFunction('PublishVersion'),
  ListVersionsByFunction: onFunction('ListVersionsByFunction'),
  CreateAlias: onAlias('CreateAlias'),
  GetAlias: onAlias('GetAlias'),
  UpdateAlias: onAlias('UpdateAlias'),
  DeleteAlias: onAlias('DeleteAlias'),
  ListAliases: onFunction('ListAliases'),
  AddPermission: onPermission('AddPermission'),
  RemovePermission: onPermission('RemovePermission'),
  GetPolicy: onFunction('GetPolicy'),
  Invoke: onFunction('InvokeFunction'),
  InvokeAsync: onFunction('InvokeAsync'),
  InvokeWithResponseStream: onFunction('InvokeFunction'),
  PutFunctionConcurrency: onFunction('PutFunctionConcurrency'),
  GetFunctionConcurrency: onFunction('GetFunctionConcurrency'),
  DeleteFunctionConcurrency: onFunction('DeleteFunctionConcurrency'),
  GetAccountSettings: onAll('GetAccountSettings'),
  ListTags: (input) => [{ action: 'lambda:ListTags', resource: input.Resource }],
  TagResource: (input) => [{ action: 'lambda:TagResource', resource: input.Resource }],
  UntagResource: (input) => [{ action: 'lambda:UntagResource', resource: input.Resource }],
  PublishLayerVersion: onLayer('PublishLayerVersion'),
  GetLayerVersion: onLayer('GetLayerVersion'),
  GetLayerVersionByArn: (input) => [{ action: 'lambda:GetLayerVersion', resource: input.Arn }],
  AddLayerVersionPermission: onLayer('AddLayerVersionPermission'),
  RemoveLayerVersionPermission: onLayer('RemoveLayerVersionPermission'),
  GetLayerVersionPolicy: onLayer('GetLayerVersionPolicy'),
  DeleteLayerVersion: onLayer('DeleteLayerVersion'),
  ListLayerVersions: onAll('ListLayerVersions'),
  ListLayers: onAll('ListLayers'),
  PutFunctionEventInvokeConfig: onFunction('PutFunctionEventInvokeConfig'),
  UpdateFunctionEventInvokeConfig: onFunction('UpdateFunctionEventInvokeConfig'),
  GetFunctionEventInvokeConfig: onFunction('GetFunctionEventInvokeConfig'),
  DeleteFunctionEventInvokeConfig: onFunction('DeleteFunctionEventInvokeConfig'),
  ListFunctionEventInvokeConfigs: onFunction('ListFunctionEventInvokeConfigs'),
  CreateFunctionUrlConfig: onUrl('CreateFunctionUrlConfig'),
  GetFunctionUrlConfig: onUrl('GetFunctionUrlConfig'),
  UpdateFunctionUrlConfig: onUrl('UpdateFunctionUrlConfig'),
  DeleteFunctionUrlConfig: onUrl('DeleteFunctionUrlConfig'),
  ListFunctionUrlConfigs: onFunction('ListFunctionUrlConfigs'),
  PutProvisionedConcurrencyConfig: onFunction('PutProvisionedConcurrencyConfig'),
  GetProvisionedConcurrencyConfig: onFunction('GetProvisionedConcurrencyConfig'),
  DeleteProvisionedConcurrencyConfig: onFunction('DeleteProvisionedConcurrencyConfig'),
  ListProvisionedConcurrencyConfigs: onFunction('ListProvisionedConcurrencyConfigs'),
  CreateEventSourceMapping: (input, scope) => [
    {
      action: 'lambda:CreateEventSourceMapping',
      resource: '*',
      context: { 'lambda:FunctionArn': functionNamed(input.FunctionName, scope) },
    },
    ...tagging('*', input.Tags),
  ],
  ListEventSourceMappings: onAll('ListEventSourceMappings'),
  GetEventSourceMapping: onMapping('GetEventSourceMapping'),
  UpdateEventSourceMapping: onMapping('UpdateEventSourceMapping'),
  DeleteEventSourceMapping: onMapping('DeleteEventSourceMapping'),
  CreateCodeSigningConfig: (input) => [...onAll('CreateCodeSigningConfig')(), ...tagging('*', input.Tags)],
  GetCodeSigningConfig: onSigning('GetCodeSigningConfig'),
  UpdateCodeSigningConfig: onSigning('UpdateCodeSigningConfig'),
  DeleteCodeSigningConfig: onSigning('DeleteCodeSigningConfig'),
  ListCodeSigningConfigs: onAll('ListCodeSigningConfigs'),
  ListFunctionsByCodeSigningConfig: onSigning('ListFunctionsByCodeSigningConfig'),
  PutFunctionCodeSigningConfig: (input, scope) => [
    ...[
      ...onFunction('PutFunctionCodeSigningConfig')(input, scope),
      ...onSigning('PutFunctionCodeSigningConfig')(input),
    ].map((request) => ({
      ...request,
      context: { 'lambda:CodeSigningConfigArn': input.CodeSigningConfigArn },
    })),
  ],
  GetFunctionCodeSigningConfig: onFunction('GetFunctionCodeSigningConfig'),
  DeleteFunctionCodeSigningConfig: onFunction('DeleteFunctionCodeSigningConfig'),
  GetRuntimeManagementConfig: onFunction('GetRuntimeManagementConfig'),
  PutRuntimeManagementConfig: onFunction('PutRuntimeManagementConfig'),
  GetFunctionRecursionConfig: onFunction('GetFunctionRecursionConfig'),
  PutFunctionRecursionConfig: onFunction('PutFunctionRecursionConfig'),
  PutResourcePolicy: onPolicy('PutResourcePolicy'),
  GetResourcePolicy: onPolicy('GetResourcePolicy'),
  DeleteResourcePolicy: onPolicy('DeleteResourcePolicy'),
  CreateCapacityProvider: (input, scope) => {
    const resource = providerOf(input.CapacityProviderName, scope);
    return [
      ...onProvider('CreateCapacityProvider')(input, scope),
      passingRole(input.PermissionsConfig.CapacityProviderOperatorRoleArn, SERVICE, resource),
      ...tagging(resource, input.Tags),
    ];
  },
  GetCapacityProvider: onProvider('GetCapacityProvider'),
  UpdateCapacityProvider: onProvider('UpdateCapacityProvider'),
  DeleteCapacityProvider: onProvider('DeleteCapacityProvider'),
  ListCapacityProviders: onAll('ListCapacityProviders'),
  ListFunctionVersionsByCapacityProvider: onProvider('ListFunctionVersionsByCapacityProvider'),
  PutFunctionScalingConfig: onFunction('PutFunctionScalingConfig'),
  GetFunctionScalingConfig: onFunction('GetFunctionScalingConfig'),
};
