import { zipSync } from 'fflate';
import { templateError } from '../template/template.ts';

/**
 * The module CloudFormation puts beside inline code, for custom resources to answer with; written to its published
 * interface. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html
 */
const NODE_RESPONSE = `'use strict';
exports.SUCCESS = 'SUCCESS';
exports.FAILED = 'FAILED';
exports.send = function (event, context, status, data, physicalResourceId, noEcho) {
  return new Promise((resolve) => {
    const body = JSON.stringify({
      Status: status,
      Reason: 'See the details in CloudWatch Log Stream: ' + context.logStreamName,
      PhysicalResourceId: physicalResourceId || context.logStreamName,
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      NoEcho: noEcho || false,
      Data: data,
    });
    console.log('Response body:\\n', body);
    const url = new URL(event.ResponseURL);
    const done = () => {
      if (typeof context.done === 'function') context.done();
      resolve();
    };
    const request = require(url.protocol === 'http:' ? 'http' : 'https').request(
      url,
      { method: 'PUT', headers: { 'content-type': '', 'content-length': Buffer.byteLength(body) } },
      (response) => {
        console.log('Status code: ' + response.statusCode);
        response.resume();
        response.on('end', done);
      },
    );
    request.on('error', (error) => {
      console.log('send(..) failed executing the request: ' + error);
      done();
    });
    request.end(body);
  });
};
`;

const PYTHON_RESPONSE = `import json
import urllib.request

SUCCESS = "SUCCESS"
FAILED = "FAILED"


def send(event, context, responseStatus, responseData, physicalResourceId=None, noEcho=False, reason=None):
    body = json.dumps(
        {
            "Status": responseStatus,
            "Reason": reason or "See the details in CloudWatch Log Stream: {}".format(context.log_stream_name),
            "PhysicalResourceId": physicalResourceId or context.log_stream_name,
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
            "NoEcho": noEcho,
            "Data": responseData,
        }
    )
    print("Response body:")
    print(body)
    request = urllib.request.Request(
        event["ResponseURL"], data=body.encode("utf-8"), headers={"content-type": ""}, method="PUT"
    )
    try:
        with urllib.request.urlopen(request) as response:
            print("Status code:", response.status)
    except Exception as error:
        print("send(..) failed executing http.request(..):", error)
`;

/** The package of code written in a template: one file named as the runtime wants it, and the response module. */
export function inlinePackage(code: string, runtime: string): Uint8Array {
  const files = runtime.startsWith('nodejs')
    ? // AWS finds the module by NODE_PATH; in `node_modules` every resolver does.
      { 'index.js': code, 'node_modules/cfn-response.js': NODE_RESPONSE }
    : runtime.startsWith('python')
      ? { 'index.py': code, 'cfnresponse.py': PYTHON_RESPONSE }
      : undefined;
  if (files === undefined) {
    throw templateError(
      `ZipFile can only be used when Runtime is set to either of nodejs or python: ${runtime || 'none'}`,
    );
  }
  const entries = Object.entries(files).map(([name, text]) => [name, Buffer.from(text, 'utf8')] as const);
  // The same code is the same package, byte for byte; a zip's dates start in 1980.
  return zipSync(Object.fromEntries(entries), { mtime: '1980-01-01T12:00:00' });
}
