import { fault } from './reference.ts';

const MOST_TAGS = 50;

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length > MOST_TAGS) {
    throw fault('InvalidParameterValueException', 'Number of tags exceeds resource tag limit.');
  }
  const reserved = Object.keys(tags).find((name) => /^aws:/i.test(name));
  if (reserved !== undefined) {
    throw fault('InvalidParameterValueException', `Tag key ${reserved} uses the reserved prefix aws:`);
  }
}
