import type { ApplicationAutoscalingOperations } from '../../model/gen/application-autoscaling.ts';
import type { ActionRequest, Authorisation, AuthorisationScope } from '../../service/service.ts';
import { type TargetName, targetArn } from './target.ts';

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html */
function onTarget(action: string) {
  return (
    input: TargetName & { readonly Tags?: Readonly<Record<string, string>> | undefined },
    scope: AuthorisationScope,
  ): readonly ActionRequest[] => {
    const context: Record<string, string | readonly string[]> = {
      'application-autoscaling:service-namespace': input.ServiceNamespace,
      'application-autoscaling:scalable-dimension': input.ScalableDimension,
    };
    const resource = targetArn(scope, input);
    const own = { action: `application-autoscaling:${action}`, resource, context };
    return input.Tags === undefined ? [own] : [own, tagging(resource, input.Tags)];
  };
}

function tagging(resource: string, tags: Readonly<Record<string, string>>): ActionRequest {
  const context: Record<string, string | readonly string[]> = { 'aws:TagKeys': Object.keys(tags) };
  for (const [key, value] of Object.entries(tags)) context[`aws:RequestTag/${key}`] = value;
  return { action: 'application-autoscaling:TagResource', resource, context };
}

const onAll = (action: string) => () => [{ action: `application-autoscaling:${action}`, resource: '*' }];

export const authorisation: Authorisation<ApplicationAutoscalingOperations> = {
  RegisterScalableTarget: onTarget('RegisterScalableTarget'),
  DeregisterScalableTarget: onTarget('DeregisterScalableTarget'),
  PutScalingPolicy: onTarget('PutScalingPolicy'),
  DeleteScalingPolicy: onTarget('DeleteScalingPolicy'),
  PutScheduledAction: onTarget('PutScheduledAction'),
  DeleteScheduledAction: onTarget('DeleteScheduledAction'),
  DescribeScalableTargets: onAll('DescribeScalableTargets'),
  DescribeScalingPolicies: onAll('DescribeScalingPolicies'),
  DescribeScalingActivities: onAll('DescribeScalingActivities'),
  DescribeScheduledActions: onAll('DescribeScheduledActions'),
  TagResource: ({ ResourceARN, Tags }) => [tagging(ResourceARN, Tags)],
  UntagResource: ({ ResourceARN, TagKeys }) => [
    {
      action: 'application-autoscaling:UntagResource',
      resource: ResourceARN,
      context: { 'aws:TagKeys': TagKeys },
    },
  ],
  ListTagsForResource: ({ ResourceARN }) => [
    { action: 'application-autoscaling:ListTagsForResource', resource: ResourceARN },
  ],
};
