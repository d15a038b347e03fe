import { validationError } from '../fault.ts';

/** What is wrong with one resource of a serverless template. */
export class ResourceProblem extends Error {
  override readonly name = 'ResourceProblem';
  readonly logicalId: string;
  constructor(logicalId: string, message: string) {
    super(message);
    this.logicalId = logicalId;
  }
}

export function eventProblem(logicalId: string, eventId: string, message: string): ResourceProblem {
  return new ResourceProblem(logicalId, `Event with id [${eventId}] is invalid. ${message}`);
}

/** Collects problems, so that a template's author hears of all of them at once. */
export class Problems {
  readonly #found: string[] = [];

  /** Runs a part of the transform; a problem it throws is kept and the next part goes on. */
  attempt(part: () => void): void {
    try {
      part();
    } catch (error) {
      if (!(error instanceof ResourceProblem)) throw error;
      this.#found.push(`Resource with id [${error.logicalId}] is invalid. ${error.message}`);
    }
  }

  /** Throws what was found, worded as SAM words it inside CloudFormation. */
  settle(): void {
    if (this.#found.length > 0) throw documentProblem(this.#found);
  }
}

export function documentProblem(problems: readonly string[]) {
  return validationError(
    `Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. Number of errors found: ${problems.length}. ${[...problems].sort().join(' ')}`,
  );
}
