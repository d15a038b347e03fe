import type { CognitoIdpErrorName } from '../../model/gen/cognito-idp.ts';
import { faults } from '../../service/faults.ts';

export const fault = faults<CognitoIdpErrorName>();

export const noSuchPool = (id: string) =>
  fault('ResourceNotFoundException', `User pool ${id} does not exist.`);
export const noSuchClient = (id: string) =>
  fault('ResourceNotFoundException', `User pool client ${id} does not exist.`);
export const noSuchUser = () => fault('UserNotFoundException', 'User does not exist.');
/** The same, as the calls with a code say it. */
export const noSuchAccount = () =>
  fault('UserNotFoundException', 'Username/client id combination not found.');
export const wrongPassword = () => fault('NotAuthorizedException', 'Incorrect username or password.');
export const missingParameter = (name: string) =>
  fault('InvalidParameterException', `Missing required parameter ${name}`);
export const attemptLimit = () =>
  fault('LimitExceededException', 'Attempt limit exceeded, please try after some time.');
export const codeMismatch = () =>
  fault('CodeMismatchException', 'Invalid verification code provided, please try again.');
export const codeExpired = () =>
  fault('ExpiredCodeException', 'Invalid code provided, please request a code again.');
