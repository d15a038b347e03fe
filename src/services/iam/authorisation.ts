import type { IamOperations } from '../../model/gen/iam.ts';
import type { Authorisation } from '../../service/service.ts';
import {
  boundaryContext,
  everything,
  fresh,
  group,
  instanceProfile,
  listing,
  on,
  policy,
  policyArn,
  requestTags,
  role,
  serverCertificate,
  tagKeys,
  user,
} from './authorisation-rule.ts';
import { iamArn } from './identifier.ts';
import { layout } from './layout.ts';
import { SERVICE_LINKED_ROLES } from './service-linked-role.ts';

const serviceName = (name: string) => ({ 'iam:ServiceSpecificCredentialServiceName': name });

/**
 * Actions, resources and context keys of each operation.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
 */
const userRules = {
  CreateUser: ({ UserName, Path, Tags, PermissionsBoundary }, scope) =>
    fresh('CreateUser', 'user', Path, UserName, {
      ...requestTags(Tags),
      ...boundaryContext(PermissionsBoundary),
    })(scope),
  GetUser: ({ UserName }, scope) => user('GetUser', UserName)(scope),
  ListUsers: listing('ListUsers', 'user'),
  UpdateUser: ({ UserName }, scope) => user('UpdateUser', UserName)(scope),
  DeleteUser: ({ UserName }, scope) => user('DeleteUser', UserName)(scope),
  PutUserPolicy: ({ UserName }, scope) => user('PutUserPolicy', UserName)(scope),
  GetUserPolicy: ({ UserName }, scope) => user('GetUserPolicy', UserName)(scope),
  ListUserPolicies: ({ UserName }, scope) => user('ListUserPolicies', UserName)(scope),
  DeleteUserPolicy: ({ UserName }, scope) => user('DeleteUserPolicy', UserName)(scope),
  AttachUserPolicy: ({ UserName, PolicyArn }, scope) =>
    user('AttachUserPolicy', UserName, policyArn(PolicyArn))(scope),
  DetachUserPolicy: ({ UserName, PolicyArn }, scope) =>
    user('DetachUserPolicy', UserName, policyArn(PolicyArn))(scope),
  ListAttachedUserPolicies: ({ UserName }, scope) => user('ListAttachedUserPolicies', UserName)(scope),
  PutUserPermissionsBoundary: ({ UserName, PermissionsBoundary }, scope) =>
    user('PutUserPermissionsBoundary', UserName, boundaryContext(PermissionsBoundary))(scope),
  DeleteUserPermissionsBoundary: ({ UserName }, scope) =>
    user('DeleteUserPermissionsBoundary', UserName)(scope),
  TagUser: ({ UserName, Tags }, scope) => user('TagUser', UserName, requestTags(Tags))(scope),
  UntagUser: ({ UserName, TagKeys }, scope) => user('UntagUser', UserName, tagKeys(TagKeys))(scope),
  ListUserTags: ({ UserName }, scope) => user('ListUserTags', UserName)(scope),
  ListGroupsForUser: ({ UserName }, scope) => user('ListGroupsForUser', UserName)(scope),
  CreateAccessKey: ({ UserName }, scope) => user('CreateAccessKey', UserName)(scope),
  ListAccessKeys: ({ UserName }, scope) => user('ListAccessKeys', UserName)(scope),
  UpdateAccessKey: ({ UserName }, scope) => user('UpdateAccessKey', UserName)(scope),
  DeleteAccessKey: ({ UserName }, scope) => user('DeleteAccessKey', UserName)(scope),
  GetAccessKeyLastUsed: async ({ AccessKeyId }, scope) => {
    const { account, ctx } = scope;
    const key = await layout.at(account, '').accessKeys.get(ctx.store, [AccessKeyId]);
    return key?.userName === undefined
      ? everything('GetAccessKeyLastUsed')()
      : user('GetAccessKeyLastUsed', key.userName)(scope);
  },
  CreateLoginProfile: ({ UserName }, scope) => user('CreateLoginProfile', UserName)(scope),
  GetLoginProfile: ({ UserName }, scope) => user('GetLoginProfile', UserName)(scope),
  UpdateLoginProfile: ({ UserName }, scope) => user('UpdateLoginProfile', UserName)(scope),
  DeleteLoginProfile: ({ UserName }, scope) => user('DeleteLoginProfile', UserName)(scope),
  ChangePassword: (_input, scope) => user('ChangePassword', undefined)(scope),
  EnableMFADevice: ({ UserName }, scope) => user('EnableMFADevice', UserName)(scope),
  DeactivateMFADevice: ({ UserName }, scope) => user('DeactivateMFADevice', UserName)(scope),
  ResyncMFADevice: ({ UserName }, scope) => user('ResyncMFADevice', UserName)(scope),
  GetMFADevice: ({ UserName }, scope) => user('GetMFADevice', UserName)(scope),
  ListMFADevices: ({ UserName }, scope) => user('ListMFADevices', UserName)(scope),
  UploadSSHPublicKey: ({ UserName }, scope) => user('UploadSSHPublicKey', UserName)(scope),
  GetSSHPublicKey: ({ UserName }, scope) => user('GetSSHPublicKey', UserName)(scope),
  ListSSHPublicKeys: ({ UserName }, scope) => user('ListSSHPublicKeys', UserName)(scope),
  UpdateSSHPublicKey: ({ UserName }, scope) => user('UpdateSSHPublicKey', UserName)(scope),
  DeleteSSHPublicKey: ({ UserName }, scope) => user('DeleteSSHPublicKey', UserName)(scope),
  UploadSigningCertificate: ({ UserName }, scope) => user('UploadSigningCertificate', UserName)(scope),
  ListSigningCertificates: ({ UserName }, scope) => user('ListSigningCertificates', UserName)(scope),
  UpdateSigningCertificate: ({ UserName }, scope) => user('UpdateSigningCertificate', UserName)(scope),
  DeleteSigningCertificate: ({ UserName }, scope) => user('DeleteSigningCertificate', UserName)(scope),
  CreateServiceSpecificCredential: ({ UserName, ServiceName, CredentialAgeDays: days }, scope) =>
    user('CreateServiceSpecificCredential', UserName, {
      ...serviceName(ServiceName),
      ...(days === undefined ? {} : { 'iam:ServiceSpecificCredentialAgeDays': days }),
    })(scope),
  ListServiceSpecificCredentials: ({ UserName, AllUsers }, scope) =>
    AllUsers === true
      ? listing('ListServiceSpecificCredentials', 'user')({}, scope)
      : user('ListServiceSpecificCredentials', UserName)(scope),
  UpdateServiceSpecificCredential: ({ UserName }, scope) =>
    user('UpdateServiceSpecificCredential', UserName)(scope),
  ResetServiceSpecificCredential: ({ UserName }, scope) =>
    user('ResetServiceSpecificCredential', UserName)(scope),
  DeleteServiceSpecificCredential: ({ UserName }, scope) =>
    user('DeleteServiceSpecificCredential', UserName)(scope),
} satisfies Authorisation<IamOperations>;

const groupRules = {
  CreateGroup: ({ GroupName, Path }, scope) => fresh('CreateGroup', 'group', Path, GroupName, {})(scope),
  GetGroup: ({ GroupName }, scope) => group('GetGroup', GroupName)(scope),
  ListGroups: listing('ListGroups', 'group'),
  UpdateGroup: ({ GroupName }, scope) => group('UpdateGroup', GroupName)(scope),
  DeleteGroup: ({ GroupName }, scope) => group('DeleteGroup', GroupName)(scope),
  AddUserToGroup: ({ GroupName }, scope) => group('AddUserToGroup', GroupName)(scope),
  RemoveUserFromGroup: ({ GroupName }, scope) => group('RemoveUserFromGroup', GroupName)(scope),
  PutGroupPolicy: ({ GroupName }, scope) => group('PutGroupPolicy', GroupName)(scope),
  GetGroupPolicy: ({ GroupName }, scope) => group('GetGroupPolicy', GroupName)(scope),
  ListGroupPolicies: ({ GroupName }, scope) => group('ListGroupPolicies', GroupName)(scope),
  DeleteGroupPolicy: ({ GroupName }, scope) => group('DeleteGroupPolicy', GroupName)(scope),
  AttachGroupPolicy: ({ GroupName, PolicyArn }, scope) =>
    group('AttachGroupPolicy', GroupName, policyArn(PolicyArn))(scope),
  DetachGroupPolicy: ({ GroupName, PolicyArn }, scope) =>
    group('DetachGroupPolicy', GroupName, policyArn(PolicyArn))(scope),
  ListAttachedGroupPolicies: ({ GroupName }, scope) => group('ListAttachedGroupPolicies', GroupName)(scope),
} satisfies Authorisation<IamOperations>;

const roleRules = {
  CreateRole: ({ RoleName, Path, Tags, PermissionsBoundary }, scope) =>
    fresh('CreateRole', 'role', Path, RoleName, {
      ...requestTags(Tags),
      ...boundaryContext(PermissionsBoundary),
    })(scope),
  GetRole: ({ RoleName }, scope) => role('GetRole', RoleName)(scope),
  ListRoles: listing('ListRoles', 'role'),
  UpdateRole: ({ RoleName }, scope) => role('UpdateRole', RoleName)(scope),
  UpdateRoleDescription: ({ RoleName }, scope) => role('UpdateRoleDescription', RoleName)(scope),
  UpdateAssumeRolePolicy: ({ RoleName }, scope) => role('UpdateAssumeRolePolicy', RoleName)(scope),
  DeleteRole: ({ RoleName }, scope) => role('DeleteRole', RoleName)(scope),
  PutRolePolicy: ({ RoleName }, scope) => role('PutRolePolicy', RoleName)(scope),
  GetRolePolicy: ({ RoleName }, scope) => role('GetRolePolicy', RoleName)(scope),
  ListRolePolicies: ({ RoleName }, scope) => role('ListRolePolicies', RoleName)(scope),
  DeleteRolePolicy: ({ RoleName }, scope) => role('DeleteRolePolicy', RoleName)(scope),
  AttachRolePolicy: ({ RoleName, PolicyArn }, scope) =>
    role('AttachRolePolicy', RoleName, policyArn(PolicyArn))(scope),
  DetachRolePolicy: ({ RoleName, PolicyArn }, scope) =>
    role('DetachRolePolicy', RoleName, policyArn(PolicyArn))(scope),
  ListAttachedRolePolicies: ({ RoleName }, scope) => role('ListAttachedRolePolicies', RoleName)(scope),
  PutRolePermissionsBoundary: ({ RoleName, PermissionsBoundary }, scope) =>
    role('PutRolePermissionsBoundary', RoleName, boundaryContext(PermissionsBoundary))(scope),
  DeleteRolePermissionsBoundary: ({ RoleName }, scope) =>
    role('DeleteRolePermissionsBoundary', RoleName)(scope),
  TagRole: ({ RoleName, Tags }, scope) => role('TagRole', RoleName, requestTags(Tags))(scope),
  UntagRole: ({ RoleName, TagKeys }, scope) => role('UntagRole', RoleName, tagKeys(TagKeys))(scope),
  ListRoleTags: ({ RoleName }, scope) => role('ListRoleTags', RoleName)(scope),
  ListInstanceProfilesForRole: ({ RoleName }, scope) => role('ListInstanceProfilesForRole', RoleName)(scope),
  CreateServiceLinkedRole: ({ AWSServiceName, CustomSuffix }, scope) => {
    const name = SERVICE_LINKED_ROLES[AWSServiceName]?.roleName ?? '*';
    const full = CustomSuffix === undefined ? name : `${name}_${CustomSuffix}`;
    const context = { 'iam:AWSServiceName': AWSServiceName };
    return fresh(
      'CreateServiceLinkedRole',
      'role',
      `/aws-service-role/${AWSServiceName}/`,
      full,
      context,
    )(scope);
  },
  DeleteServiceLinkedRole: ({ RoleName }, scope) => role('DeleteServiceLinkedRole', RoleName)(scope),
  GetServiceLinkedRoleDeletionStatus: ({ DeletionTaskId }, scope) =>
    role('GetServiceLinkedRoleDeletionStatus', DeletionTaskId.split('/')[3] ?? '*')(scope),
} satisfies Authorisation<IamOperations>;

const policyRules = {
  CreatePolicy: ({ PolicyName, Path, Tags }, scope) =>
    fresh('CreatePolicy', 'policy', Path, PolicyName, requestTags(Tags))(scope),
  GetPolicy: ({ PolicyArn }, scope) => policy('GetPolicy', PolicyArn)(scope),
  ListPolicies: everything('ListPolicies'),
  DeletePolicy: ({ PolicyArn }, scope) => policy('DeletePolicy', PolicyArn)(scope),
  CreatePolicyVersion: ({ PolicyArn }, scope) => policy('CreatePolicyVersion', PolicyArn)(scope),
  GetPolicyVersion: ({ PolicyArn }, scope) => policy('GetPolicyVersion', PolicyArn)(scope),
  ListPolicyVersions: ({ PolicyArn }, scope) => policy('ListPolicyVersions', PolicyArn)(scope),
  SetDefaultPolicyVersion: ({ PolicyArn }, scope) => policy('SetDefaultPolicyVersion', PolicyArn)(scope),
  DeletePolicyVersion: ({ PolicyArn }, scope) => policy('DeletePolicyVersion', PolicyArn)(scope),
  ListEntitiesForPolicy: ({ PolicyArn }, scope) => policy('ListEntitiesForPolicy', PolicyArn)(scope),
  TagPolicy: ({ PolicyArn, Tags }, scope) => policy('TagPolicy', PolicyArn, requestTags(Tags))(scope),
  UntagPolicy: ({ PolicyArn, TagKeys }, scope) => policy('UntagPolicy', PolicyArn, tagKeys(TagKeys))(scope),
  ListPolicyTags: ({ PolicyArn }, scope) => policy('ListPolicyTags', PolicyArn)(scope),
  SimulateCustomPolicy: everything('SimulateCustomPolicy'),
  SimulatePrincipalPolicy: ({ PolicySourceArn }, scope) =>
    on('SimulatePrincipalPolicy', PolicySourceArn)(scope),
  GetContextKeysForCustomPolicy: everything('GetContextKeysForCustomPolicy'),
  GetContextKeysForPrincipalPolicy: ({ PolicySourceArn }, scope) =>
    on('GetContextKeysForPrincipalPolicy', PolicySourceArn)(scope),
} satisfies Authorisation<IamOperations>;

const instanceProfileRules = {
  CreateInstanceProfile: ({ InstanceProfileName, Path, Tags }, scope) =>
    fresh('CreateInstanceProfile', 'instance-profile', Path, InstanceProfileName, requestTags(Tags))(scope),
  GetInstanceProfile: ({ InstanceProfileName }, scope) =>
    instanceProfile('GetInstanceProfile', InstanceProfileName)(scope),
  ListInstanceProfiles: listing('ListInstanceProfiles', 'instance-profile'),
  /** Whoever puts a role where instances find it passes it to EC2. */
  AddRoleToInstanceProfile: async ({ InstanceProfileName, RoleName }, scope) => [
    ...(await instanceProfile('AddRoleToInstanceProfile', InstanceProfileName)(scope)),
    ...(await role('PassRole', RoleName, { 'iam:PassedToService': 'ec2.amazonaws.com' })(scope)),
  ],
  RemoveRoleFromInstanceProfile: ({ InstanceProfileName }, scope) =>
    instanceProfile('RemoveRoleFromInstanceProfile', InstanceProfileName)(scope),
  DeleteInstanceProfile: ({ InstanceProfileName }, scope) =>
    instanceProfile('DeleteInstanceProfile', InstanceProfileName)(scope),
  TagInstanceProfile: ({ InstanceProfileName, Tags }, scope) =>
    instanceProfile('TagInstanceProfile', InstanceProfileName, requestTags(Tags))(scope),
  UntagInstanceProfile: ({ InstanceProfileName, TagKeys }, scope) =>
    instanceProfile('UntagInstanceProfile', InstanceProfileName, tagKeys(TagKeys))(scope),
  ListInstanceProfileTags: ({ InstanceProfileName }, scope) =>
    instanceProfile('ListInstanceProfileTags', InstanceProfileName)(scope),
} satisfies Authorisation<IamOperations>;

const providerRules = {
  CreateOpenIDConnectProvider: ({ Url, Tags }, scope) =>
    fresh(
      'CreateOpenIDConnectProvider',
      'oidc-provider',
      '/',
      Url.replace(/^https:\/\//, ''),
      requestTags(Tags),
    )(scope),
  GetOpenIDConnectProvider: ({ OpenIDConnectProviderArn: arn }, scope) =>
    on('GetOpenIDConnectProvider', arn)(scope),
  ListOpenIDConnectProviders: everything('ListOpenIDConnectProviders'),
  AddClientIDToOpenIDConnectProvider: ({ OpenIDConnectProviderArn: arn }, scope) =>
    on('AddClientIDToOpenIDConnectProvider', arn)(scope),
  RemoveClientIDFromOpenIDConnectProvider: ({ OpenIDConnectProviderArn: arn }, scope) =>
    on('RemoveClientIDFromOpenIDConnectProvider', arn)(scope),
  UpdateOpenIDConnectProviderThumbprint: ({ OpenIDConnectProviderArn: arn }, scope) =>
    on('UpdateOpenIDConnectProviderThumbprint', arn)(scope),
  DeleteOpenIDConnectProvider: ({ OpenIDConnectProviderArn: arn }, scope) =>
    on('DeleteOpenIDConnectProvider', arn)(scope),
  TagOpenIDConnectProvider: ({ OpenIDConnectProviderArn: arn, Tags }, scope) =>
    on('TagOpenIDConnectProvider', arn, requestTags(Tags))(scope),
  UntagOpenIDConnectProvider: ({ OpenIDConnectProviderArn: arn, TagKeys }, scope) =>
    on('UntagOpenIDConnectProvider', arn, tagKeys(TagKeys))(scope),
  ListOpenIDConnectProviderTags: ({ OpenIDConnectProviderArn: arn }, scope) =>
    on('ListOpenIDConnectProviderTags', arn)(scope),
  CreateSAMLProvider: ({ Name, Tags }, scope) =>
    fresh('CreateSAMLProvider', 'saml-provider', '/', Name, requestTags(Tags))(scope),
  GetSAMLProvider: ({ SAMLProviderArn: arn }, scope) => on('GetSAMLProvider', arn)(scope),
  ListSAMLProviders: everything('ListSAMLProviders'),
  UpdateSAMLProvider: ({ SAMLProviderArn: arn }, scope) => on('UpdateSAMLProvider', arn)(scope),
  DeleteSAMLProvider: ({ SAMLProviderArn: arn }, scope) => on('DeleteSAMLProvider', arn)(scope),
  TagSAMLProvider: ({ SAMLProviderArn: arn, Tags }, scope) =>
    on('TagSAMLProvider', arn, requestTags(Tags))(scope),
  UntagSAMLProvider: ({ SAMLProviderArn: arn, TagKeys }, scope) =>
    on('UntagSAMLProvider', arn, tagKeys(TagKeys))(scope),
  ListSAMLProviderTags: ({ SAMLProviderArn: arn }, scope) => on('ListSAMLProviderTags', arn)(scope),
  CreateVirtualMFADevice: ({ VirtualMFADeviceName, Path, Tags }, scope) =>
    fresh('CreateVirtualMFADevice', 'mfa', Path, VirtualMFADeviceName, requestTags(Tags))(scope),
  DeleteVirtualMFADevice: ({ SerialNumber }, scope) => on('DeleteVirtualMFADevice', SerialNumber)(scope),
  ListVirtualMFADevices: (_input, scope) => listing('ListVirtualMFADevices', 'mfa')({}, scope),
  TagMFADevice: ({ SerialNumber, Tags }, scope) => on('TagMFADevice', SerialNumber, requestTags(Tags))(scope),
  UntagMFADevice: ({ SerialNumber, TagKeys }, scope) =>
    on('UntagMFADevice', SerialNumber, tagKeys(TagKeys))(scope),
  ListMFADeviceTags: ({ SerialNumber }, scope) => on('ListMFADeviceTags', SerialNumber)(scope),
} satisfies Authorisation<IamOperations>;

const serverCertificateRules = {
  UploadServerCertificate: ({ ServerCertificateName, Path, Tags }, scope) =>
    fresh(
      'UploadServerCertificate',
      'server-certificate',
      Path,
      ServerCertificateName,
      requestTags(Tags),
    )(scope),
  GetServerCertificate: ({ ServerCertificateName }, scope) =>
    serverCertificate('GetServerCertificate', ServerCertificateName)(scope),
  ListServerCertificates: everything('ListServerCertificates'),
  UpdateServerCertificate: ({ ServerCertificateName }, scope) =>
    serverCertificate('UpdateServerCertificate', ServerCertificateName)(scope),
  DeleteServerCertificate: ({ ServerCertificateName }, scope) =>
    serverCertificate('DeleteServerCertificate', ServerCertificateName)(scope),
  TagServerCertificate: ({ ServerCertificateName, Tags }, scope) =>
    serverCertificate('TagServerCertificate', ServerCertificateName, requestTags(Tags))(scope),
  UntagServerCertificate: ({ ServerCertificateName, TagKeys }, scope) =>
    serverCertificate('UntagServerCertificate', ServerCertificateName, tagKeys(TagKeys))(scope),
  ListServerCertificateTags: ({ ServerCertificateName }, scope) =>
    serverCertificate('ListServerCertificateTags', ServerCertificateName)(scope),
} satisfies Authorisation<IamOperations>;

const accountRules = {
  GenerateCredentialReport: everything('GenerateCredentialReport'),
  GetCredentialReport: everything('GetCredentialReport'),
  GenerateServiceLastAccessedDetails: ({ Arn }, scope) =>
    on('GenerateServiceLastAccessedDetails', Arn)(scope),
  GetServiceLastAccessedDetails: everything('GetServiceLastAccessedDetails'),
  GetServiceLastAccessedDetailsWithEntities: everything('GetServiceLastAccessedDetailsWithEntities'),
  GenerateOrganizationsAccessReport: ({ EntityPath, OrganizationsPolicyId: id }, { account }) => [
    {
      action: 'iam:GenerateOrganizationsAccessReport',
      resource: iamArn(account, 'access-report', '/', EntityPath),
      context: id === undefined ? {} : { 'iam:OrganizationsPolicyId': id },
    },
  ],
  GetOrganizationsAccessReport: everything('GetOrganizationsAccessReport'),
  ListPoliciesGrantingServiceAccess: ({ Arn }, scope) => on('ListPoliciesGrantingServiceAccess', Arn)(scope),
  CreateAccountAlias: everything('CreateAccountAlias'),
  ListAccountAliases: everything('ListAccountAliases'),
  DeleteAccountAlias: everything('DeleteAccountAlias'),
  UpdateAccountPasswordPolicy: everything('UpdateAccountPasswordPolicy'),
  GetAccountPasswordPolicy: everything('GetAccountPasswordPolicy'),
  DeleteAccountPasswordPolicy: everything('DeleteAccountPasswordPolicy'),
  GetAccountSummary: everything('GetAccountSummary'),
  SetSecurityTokenServicePreferences: everything('SetSecurityTokenServicePreferences'),
  EnableOrganizationsRootCredentialsManagement: everything('EnableOrganizationsRootCredentialsManagement'),
  DisableOrganizationsRootCredentialsManagement: everything('DisableOrganizationsRootCredentialsManagement'),
  EnableOrganizationsRootSessions: everything('EnableOrganizationsRootSessions'),
  DisableOrganizationsRootSessions: everything('DisableOrganizationsRootSessions'),
  ListOrganizationsFeatures: everything('ListOrganizationsFeatures'),
  EnableOutboundWebIdentityFederation: everything('EnableOutboundWebIdentityFederation'),
  DisableOutboundWebIdentityFederation: everything('DisableOutboundWebIdentityFederation'),
  GetOutboundWebIdentityFederationInfo: everything('GetOutboundWebIdentityFederationInfo'),
  GetAccountAuthorizationDetails: everything('GetAccountAuthorizationDetails'),
} satisfies Authorisation<IamOperations>;

export const authorisation = {
  ...userRules,
  ...groupRules,
  ...roleRules,
  ...policyRules,
  ...instanceProfileRules,
  ...providerRules,
  ...serverCertificateRules,
  ...accountRules,
} satisfies Authorisation<IamOperations>;
