import { strict as assert } from 'node:assert';

interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly $metadata: { readonly httpStatusCode?: number | undefined };
}

/** For `assert.rejects`: an SDK's error of this name, and of this HTTP status where one is given. */
export function named(name: string, status?: number): (error: SdkError) => true {
  return (error) => {
    assert.equal(error.name, name, error.message);
    if (status !== undefined) assert.equal(error.$metadata.httpStatusCode, status);
    return true;
  };
}
