import type { ModelMetadata } from './model.ts';

/** Where actions are not spelled as the service signs. */
const SPELLINGS: Readonly<Record<string, string>> = { monitoring: 'cloudwatch', tagging: 'tag' };

/** The prefix of a service's actions: `dynamodb` of `dynamodb:GetItem`. */
export function actionPrefix({ signingName, endpointPrefix }: ModelMetadata): string {
  const signing = signingName ?? endpointPrefix;
  return SPELLINGS[signing] ?? signing;
}
