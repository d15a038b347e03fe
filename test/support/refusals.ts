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

/** For `assert.rejects`: an SDK's error of this name, and with this message where one is given. */
export function refuses(name: string, message?: RegExp | string): (error: Error) => true {
  return (error) => {
    assert.equal(error.name, name, error.message);
    if (typeof message === 'string') assert.equal(error.message, message);
    else if (message !== undefined) assert.match(error.message, message);
    return true;
  };
}
