import { formatArn } from '../../base/arn.ts';
import type { CognitoIdpOperations } from '../../model/gen/cognito-idp.ts';
import type { ActionRequest, Authorisation, AuthorisationRule } from '../../service/service.ts';

/** On the pool the request names. */
function onPool(operation: string): AuthorisationRule<{ readonly UserPoolId: string }> {
  return ({ UserPoolId }, { account, region }) => [
    {
      action: `cognito-idp:${operation}`,
      resource: formatArn('cognito-idp', region, account, `userpool/${UserPoolId}`),
    },
  ];
}

function onArn(operation: string): AuthorisationRule<{ readonly ResourceArn: string }> {
  return ({ ResourceArn }) => [{ action: `cognito-idp:${operation}`, resource: ResourceArn }];
}

function onAll(operation: string): (...asked: readonly unknown[]) => readonly ActionRequest[] {
  return () => [{ action: `cognito-idp:${operation}`, resource: '*' }];
}

/**
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html
 * Calls of applications carry no signature: a client id with its secret, or an access token, is what they show.
 */
export const authorisation = {
  AddCustomAttributes: onPool('AddCustomAttributes'),
  AdminAddUserToGroup: onPool('AdminAddUserToGroup'),
  AdminConfirmSignUp: onPool('AdminConfirmSignUp'),
  AdminCreateUser: onPool('AdminCreateUser'),
  AdminDeleteUser: onPool('AdminDeleteUser'),
  AdminDeleteUserAttributes: onPool('AdminDeleteUserAttributes'),
  AdminDisableUser: onPool('AdminDisableUser'),
  AdminEnableUser: onPool('AdminEnableUser'),
  AdminGetUser: onPool('AdminGetUser'),
  AdminInitiateAuth: onPool('AdminInitiateAuth'),
  AdminListGroupsForUser: onPool('AdminListGroupsForUser'),
  AdminRemoveUserFromGroup: onPool('AdminRemoveUserFromGroup'),
  AdminResetUserPassword: onPool('AdminResetUserPassword'),
  AdminRespondToAuthChallenge: onPool('AdminRespondToAuthChallenge'),
  AdminSetUserPassword: onPool('AdminSetUserPassword'),
  AdminUpdateUserAttributes: onPool('AdminUpdateUserAttributes'),
  AdminUserGlobalSignOut: onPool('AdminUserGlobalSignOut'),
  AdminSetUserMFAPreference: onPool('AdminSetUserMFAPreference'),
  AssociateSoftwareToken: 'none',
  ChangePassword: 'none',
  ConfirmForgotPassword: 'none',
  ConfirmSignUp: 'none',
  CreateGroup: onPool('CreateGroup'),
  CreateResourceServer: onPool('CreateResourceServer'),
  CreateUserPool: (input, scope) => [
    ...onAll('CreateUserPool')(input, scope),
    ...(Object.keys(input.UserPoolTags ?? {}).length === 0 ? [] : onAll('TagResource')(input, scope)),
  ],
  CreateUserPoolClient: onPool('CreateUserPoolClient'),
  CreateUserPoolDomain: onPool('CreateUserPoolDomain'),
  DeleteGroup: onPool('DeleteGroup'),
  DeleteResourceServer: onPool('DeleteResourceServer'),
  DeleteUser: 'none',
  DeleteUserAttributes: 'none',
  DeleteUserPool: onPool('DeleteUserPool'),
  DeleteUserPoolClient: onPool('DeleteUserPoolClient'),
  DeleteUserPoolDomain: onPool('DeleteUserPoolDomain'),
  DescribeResourceServer: onPool('DescribeResourceServer'),
  DescribeUserPool: onPool('DescribeUserPool'),
  DescribeUserPoolClient: onPool('DescribeUserPoolClient'),
  DescribeUserPoolDomain: onAll('DescribeUserPoolDomain'),
  ForgotPassword: 'none',
  GetGroup: onPool('GetGroup'),
  GetTokensFromRefreshToken: 'none',
  GetUser: 'none',
  GetUserAttributeVerificationCode: 'none',
  GetUserPoolMfaConfig: onPool('GetUserPoolMfaConfig'),
  GlobalSignOut: 'none',
  InitiateAuth: 'none',
  ListGroups: onPool('ListGroups'),
  ListResourceServers: onPool('ListResourceServers'),
  ListTagsForResource: onArn('ListTagsForResource'),
  ListUserPoolClients: onPool('ListUserPoolClients'),
  ListUserPools: onAll('ListUserPools'),
  ListUsers: onPool('ListUsers'),
  ListUsersInGroup: onPool('ListUsersInGroup'),
  ResendConfirmationCode: 'none',
  RespondToAuthChallenge: 'none',
  RevokeToken: 'none',
  SetUserMFAPreference: 'none',
  SetUserPoolMfaConfig: onPool('SetUserPoolMfaConfig'),
  SignUp: 'none',
  TagResource: onArn('TagResource'),
  UntagResource: onArn('UntagResource'),
  UpdateGroup: onPool('UpdateGroup'),
  UpdateResourceServer: onPool('UpdateResourceServer'),
  UpdateUserAttributes: 'none',
  UpdateUserPool: onPool('UpdateUserPool'),
  UpdateUserPoolClient: onPool('UpdateUserPoolClient'),
  UpdateUserPoolDomain: onPool('UpdateUserPoolDomain'),
  VerifySoftwareToken: 'none',
  VerifyUserAttribute: 'none',
} satisfies Authorisation<CognitoIdpOperations>;
