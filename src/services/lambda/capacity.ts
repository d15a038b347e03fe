import type { StoredCapacity } from './layout.ts';

/** A function's `CapacityProviderConfig`. */
export function describeCapacity({ providerArn: arn, concurrency, memoryPerCpu }: StoredCapacity) {
  return {
    LambdaManagedInstancesCapacityProviderConfig: {
      CapacityProviderArn: arn,
      PerExecutionEnvironmentMaxConcurrency: concurrency,
      ExecutionEnvironmentMemoryGiBPerVCpu: memoryPerCpu,
    },
  };
}
