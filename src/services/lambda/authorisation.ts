import { formatArn } from '../../base/arn.ts';
import type { LambdaOperations } from '../../model/gen/lambda.ts';
import { passingRole } from '../../service/passing-role.ts';
import type { ActionRequest, Authorisation, AuthorisationScope } from '../../service/service.ts';
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

function onMapping(operation: string) {
  return (input: { readonly UUID: string }, scope: AuthorisationScope): readonly ActionRequest[] => [
    {
      action: `lambda:${operation}`,
      resource: formatArn('lambda', scope.region, scope.account, `event-source-mapping:${input.UUID}`),
    },
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

export const authorisation: Authorisation<LambdaOperations> = {
  CreateFunction: (input, scope) => [
    ...onFunction('CreateFunction')(input, scope),
    ...passing(input, scope),
    ...using(input.Layers),
  ],
  UpdateFunctionConfiguration: (input, scope) => [
    ...onFunction('UpdateFunctionConfiguration')(input, scope),
    ...passing(input, scope),
    ...using(input.Layers),
  ],
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
  AddPermission: onFunction('AddPermission'),
  RemovePermission: onFunction('RemovePermission'),
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
  CreateFunctionUrlConfig: onFunction('CreateFunctionUrlConfig'),
  GetFunctionUrlConfig: onFunction('GetFunctionUrlConfig'),
  UpdateFunctionUrlConfig: onFunction('UpdateFunctionUrlConfig'),
  DeleteFunctionUrlConfig: onFunction('DeleteFunctionUrlConfig'),
  ListFunctionUrlConfigs: onFunction('ListFunctionUrlConfigs'),
  PutProvisionedConcurrencyConfig: onFunction('PutProvisionedConcurrencyConfig'),
  GetProvisionedConcurrencyConfig: onFunction('GetProvisionedConcurrencyConfig'),
  DeleteProvisionedConcurrencyConfig: onFunction('DeleteProvisionedConcurrencyConfig'),
  ListProvisionedConcurrencyConfigs: onFunction('ListProvisionedConcurrencyConfigs'),
  CreateEventSourceMapping: onAll('CreateEventSourceMapping'),
  ListEventSourceMappings: onAll('ListEventSourceMappings'),
  GetEventSourceMapping: onMapping('GetEventSourceMapping'),
  UpdateEventSourceMapping: onMapping('UpdateEventSourceMapping'),
  DeleteEventSourceMapping: onMapping('DeleteEventSourceMapping'),
  CreateCodeSigningConfig: onAll('CreateCodeSigningConfig'),
  GetCodeSigningConfig: onSigning('GetCodeSigningConfig'),
  UpdateCodeSigningConfig: onSigning('UpdateCodeSigningConfig'),
  DeleteCodeSigningConfig: onSigning('DeleteCodeSigningConfig'),
  ListCodeSigningConfigs: onAll('ListCodeSigningConfigs'),
  ListFunctionsByCodeSigningConfig: onSigning('ListFunctionsByCodeSigningConfig'),
  PutFunctionCodeSigningConfig: (input, scope) => [
    ...onFunction('PutFunctionCodeSigningConfig')(input, scope),
    ...onSigning('PutFunctionCodeSigningConfig')(input),
  ],
  GetFunctionCodeSigningConfig: onFunction('GetFunctionCodeSigningConfig'),
  DeleteFunctionCodeSigningConfig: onFunction('DeleteFunctionCodeSigningConfig'),
  GetRuntimeManagementConfig: onFunction('GetRuntimeManagementConfig'),
  PutRuntimeManagementConfig: onFunction('PutRuntimeManagementConfig'),
  GetFunctionRecursionConfig: onFunction('GetFunctionRecursionConfig'),
  PutFunctionRecursionConfig: onFunction('PutFunctionRecursionConfig'),
};
