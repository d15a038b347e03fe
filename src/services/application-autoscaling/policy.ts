import type {
  PutScalingPolicyRequest,
  TargetTrackingScalingPolicyConfiguration,
} from '../../model/gen/application-autoscaling.ts';
import { invalid, unwritten } from './fault.ts';
import type { ScaledResource } from './target.ts';
import type { Tracking } from './tracking.ts';

/** A policy as it is stored: target tracking is the only kind. */
export interface PolicyRow {
  readonly id: string;
  readonly createdAtMs: number;
  readonly configuration: TargetTrackingScalingPolicyConfiguration;
  /** Names the chain of jobs that evaluate it: another's jobs do nothing. */
  readonly run: string;
  /** Nothing is consumed: it is looked at now and then, and when something is. */
  readonly asleep?: true;
  readonly tracking: Tracking;
}

/** What DynamoDB lets a policy aim at, in percent. */
const LEAST_TARGET = 20;
const MOST_TARGET = 90;

/**
 * The configuration of a policy, checked. Policies that follow alarms of one's own or forecasts are refused by name.
 * https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
 */
export function checkedConfiguration(
  input: PutScalingPolicyRequest,
  type: string,
  { side }: ScaledResource,
): TargetTrackingScalingPolicyConfiguration {
  if (type === 'StepScaling') {
    throw invalid(`Policy type StepScaling is not supported for service namespace ${input.ServiceNamespace}`);
  }
  if (type !== 'TargetTrackingScaling') throw unwritten(`policy type ${type}`);
  const configuration = input.TargetTrackingScalingPolicyConfiguration;
  if (
    configuration === undefined ||
    input.StepScalingPolicyConfiguration !== undefined ||
    input.PredictiveScalingPolicyConfiguration !== undefined
  ) {
    throw invalid(
      'TargetTrackingScalingPolicyConfiguration, and no other configuration, must be specified for policy type TargetTrackingScaling',
    );
  }
  if (configuration.CustomizedMetricSpecification !== undefined) {
    if (configuration.PredefinedMetricSpecification !== undefined) throw oneMetric();
    throw unwritten('CustomizedMetricSpecification');
  }
  const metric = configuration.PredefinedMetricSpecification;
  if (metric === undefined) throw oneMetric();
  const wanted = side === 'read' ? 'DynamoDBReadCapacityUtilization' : 'DynamoDBWriteCapacityUtilization';
  if (metric.PredefinedMetricType !== wanted) {
    throw invalid(
      `Predefined metric type ${metric.PredefinedMetricType} is not supported for scalable dimension ${input.ScalableDimension}`,
    );
  }
  if (metric.ResourceLabel !== undefined) {
    throw invalid(`ResourceLabel cannot be specified for predefined metric type ${wanted}`);
  }
  const { TargetValue: target, ScaleInCooldown: scaleIn = 0, ScaleOutCooldown: out = 0 } = configuration;
  if (target < LEAST_TARGET || target > MOST_TARGET) {
    throw invalid(
      `Target value must be between ${LEAST_TARGET} and ${MOST_TARGET} for predefined metric type ${wanted}`,
    );
  }
  if (scaleIn < 0 || out < 0) throw invalid('Cooldown cannot be negative');
  return configuration;
}

function oneMetric() {
  return invalid(
    'Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified',
  );
}
