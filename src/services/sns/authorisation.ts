import type { SnsOperations } from '../../model/gen/sns.ts';
import { passingRole } from '../../service/passing-role.ts';
import type { ActionRequest, Authorisation, AuthorisationScope } from '../../service/service.ts';
import { subscriptionOfArn, topicArn } from './topic.ts';

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html */
function onTopic(action: string) {
  return (input: { readonly TopicArn: string }): readonly ActionRequest[] => [
    { action: `sns:${action}`, resource: input.TopicArn },
  ];
}

/** What concerns a subscription is asked for its topic. */
function onSubscription(action: string) {
  return (input: { readonly SubscriptionArn: string }): readonly ActionRequest[] => [
    { action: `sns:${action}`, resource: topicArn(subscriptionOfArn(input.SubscriptionArn).topic) },
  ];
}

function onApplication(action: string) {
  return (input: { readonly PlatformApplicationArn: string }): readonly ActionRequest[] => [
    { action: `sns:${action}`, resource: input.PlatformApplicationArn },
  ];
}

function onDevice(action: string) {
  return (input: { readonly EndpointArn: string }): readonly ActionRequest[] => [
    { action: `sns:${action}`, resource: input.EndpointArn },
  ];
}

function onAll(action: string) {
  return (): readonly ActionRequest[] => [{ action: `sns:${action}`, resource: '*' }];
}

function tagging(
  resource: string,
  tags: readonly { readonly Key: string; readonly Value: string }[],
): ActionRequest {
  const context: Record<string, string | readonly string[]> = { 'aws:TagKeys': tags.map(({ Key }) => Key) };
  for (const { Key, Value } of tags) context[`aws:RequestTag/${Key}`] = Value;
  return { action: 'sns:TagResource', resource, context };
}

/** Under the roles of a topic SNS writes what became of its deliveries. */
function passing(attribute: string, role: string | undefined, topic: string): readonly ActionRequest[] {
  return attribute.endsWith('FeedbackRoleArn') && role !== undefined && role !== ''
    ? [passingRole(role, 'sns.amazonaws.com', topic)]
    : [];
}

export const authorisation: Authorisation<SnsOperations> = {
  CreateTopic: (input, { account, region }: AuthorisationScope) => {
    const resource = topicArn({ account, region, name: input.Name });
    return [
      { action: 'sns:CreateTopic', resource },
      ...(input.Tags === undefined || input.Tags.length === 0 ? [] : [tagging(resource, input.Tags)]),
      ...Object.entries(input.Attributes ?? {}).flatMap(([name, value]) => passing(name, value, resource)),
    ];
  },
  PutDataProtectionPolicy: ({ ResourceArn }) => [
    { action: 'sns:PutDataProtectionPolicy', resource: ResourceArn },
  ],
  GetDataProtectionPolicy: ({ ResourceArn }) => [
    { action: 'sns:GetDataProtectionPolicy', resource: ResourceArn },
  ],
  DeleteTopic: onTopic('DeleteTopic'),
  ListTopics: onAll('ListTopics'),
  GetTopicAttributes: onTopic('GetTopicAttributes'),
  SetTopicAttributes: (input) => [
    ...onTopic('SetTopicAttributes')(input),
    ...passing(input.AttributeName, input.AttributeValue, input.TopicArn),
  ],
  AddPermission: onTopic('AddPermission'),
  RemovePermission: onTopic('RemovePermission'),
  TagResource: (input) => [tagging(input.ResourceArn, input.Tags)],
  UntagResource: (input) => [
    { action: 'sns:UntagResource', resource: input.ResourceArn, context: { 'aws:TagKeys': input.TagKeys } },
  ],
  ListTagsForResource: (input) => [{ action: 'sns:ListTagsForResource', resource: input.ResourceArn }],
  Subscribe: (input) => [
    {
      action: 'sns:Subscribe',
      resource: input.TopicArn,
      context: {
        'sns:Protocol': input.Protocol,
        ...(input.Endpoint === undefined ? {} : { 'sns:Endpoint': input.Endpoint }),
      },
    },
  ],
  // The token is the right.
  ConfirmSubscription: 'none',
  // Unsigned, it is a link in a message; the handler knows which subscriptions do not take it.
  Unsubscribe: (input, { ctx }) =>
    ctx.principal.kind === 'anonymous' ? 'none' : onSubscription('Unsubscribe')(input),
  ListSubscriptions: onAll('ListSubscriptions'),
  ListSubscriptionsByTopic: onTopic('ListSubscriptionsByTopic'),
  GetSubscriptionAttributes: onSubscription('GetSubscriptionAttributes'),
  SetSubscriptionAttributes: onSubscription('SetSubscriptionAttributes'),
  Publish: (input) => [{ action: 'sns:Publish', resource: input.TopicArn ?? input.TargetArn ?? '*' }],
  PublishBatch: onTopic('Publish'),
  SetSMSAttributes: onAll('SetSMSAttributes'),
  GetSMSAttributes: onAll('GetSMSAttributes'),
  CheckIfPhoneNumberIsOptedOut: onAll('CheckIfPhoneNumberIsOptedOut'),
  ListPhoneNumbersOptedOut: onAll('ListPhoneNumbersOptedOut'),
  OptInPhoneNumber: onAll('OptInPhoneNumber'),
  CreatePlatformApplication: onAll('CreatePlatformApplication'),
  ListPlatformApplications: onAll('ListPlatformApplications'),
  GetPlatformApplicationAttributes: onApplication('GetPlatformApplicationAttributes'),
  SetPlatformApplicationAttributes: onApplication('SetPlatformApplicationAttributes'),
  DeletePlatformApplication: onApplication('DeletePlatformApplication'),
  CreatePlatformEndpoint: onApplication('CreatePlatformEndpoint'),
  ListEndpointsByPlatformApplication: onApplication('ListEndpointsByPlatformApplication'),
  GetEndpointAttributes: onDevice('GetEndpointAttributes'),
  SetEndpointAttributes: onDevice('SetEndpointAttributes'),
  DeleteEndpoint: onDevice('DeleteEndpoint'),
  GetSMSSandboxAccountStatus: onAll('GetSMSSandboxAccountStatus'),
  CreateSMSSandboxPhoneNumber: onAll('CreateSMSSandboxPhoneNumber'),
  VerifySMSSandboxPhoneNumber: onAll('VerifySMSSandboxPhoneNumber'),
  ListSMSSandboxPhoneNumbers: onAll('ListSMSSandboxPhoneNumbers'),
  DeleteSMSSandboxPhoneNumber: onAll('DeleteSMSSandboxPhoneNumber'),
  ListOriginationNumbers: onAll('ListOriginationNumbers'),
};
