import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { isWaiter } from './waiter.ts';

test('a waiter says that it is one', () => {
  const cli =
    'aws-cli/1.45.11 md/Botocore#1.43.11 ua/2.1 os/linux#6 lang/python#3.11.7 m/D,N,Z,B,b,g cfg/retry-mode#legacy';
  assert(isWaiter(cli));
  assert(isWaiter('Boto3/1.43 m/B'));
  assert(!isWaiter(cli.replace(',B,', ',')));
  assert(!isWaiter('aws-sdk-js/3.1169.0 m/E,b'));
  assert(!isWaiter(undefined));
});
