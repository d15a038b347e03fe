import { fault } from './fault.ts';

const MOST_TAGS = 50;
const MOST_KEY = 128;
const MOST_VALUE = 256;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-tags.html */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags);
  if (entries.length > MOST_TAGS) {
    throw fault(
      'InvalidParameterValue',
      `Too many tags added for queue. Maximum number of tags is ${MOST_TAGS}.`,
    );
  }
  for (const [key, value] of entries) {
    if (key.length < 1 || key.length > MOST_KEY || key.toLowerCase().startsWith('aws:')) {
      throw fault('InvalidParameterValue', `Tag key ${key} is invalid.`);
    }
    if (value.length > MOST_VALUE) throw fault('InvalidParameterValue', `Tag value ${value} is invalid.`);
  }
}
