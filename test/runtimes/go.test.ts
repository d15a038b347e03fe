import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bothWays, folder, invocationOf, json, specOf } from '../support/runtimes.ts';
import { LONG } from '../support/tier.ts';

const MAIN = `package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

func handle(ctx context.Context, event map[string]any) (any, error) {
	switch event["do"] {
	case "fail":
		return nil, errors.New("no")
	case "stream":
		return io.Reader(strings.NewReader("streamed by Go")), nil
	}
	lc, _ := lambdacontext.FromContext(ctx)
	return map[string]any{"event": event, "id": lc.AwsRequestID}, nil
}

func main() { lambda.Start(handle) }
`;

/** A program with AWS's own library, in a folder of its own. */
function build(): string {
  const at = join(folder, 'go');
  const code = join(at, 'code');
  mkdirSync(code, { recursive: true });
  writeFileSync(join(at, 'go.mod'), 'module app\n\ngo 1.21\n');
  writeFileSync(join(at, 'main.go'), MAIN);
  const go = (...args: string[]) =>
    execFileSync('go', args, { cwd: at, stdio: 'pipe', env: { ...process.env, CGO_ENABLED: '0' } });
  go('get', 'github.com/aws/aws-lambda-go@v1.47.0');
  go('build', '-tags', 'lambda.norpc', '-o', 'bootstrap', '.');
  renameSync(join(at, 'bootstrap'), join(code, 'bootstrap'));
  return code;
}

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

if (!LONG) test('Go programs', { skip: 'in the long tier' }, () => {});
else if (!hasGo()) test('Go programs', { skip: 'no go on the PATH' }, () => {});
else {
  const code = build();
  bothWays((run, runtimes) => {
    test('Go programs with AWS’s library answer, fail and stream', async () => {
      const spec = specOf(code, { runtime: 'provided.al2023', handler: 'bootstrap' });
      assert.deepEqual(json(await run(spec, { a: 'ü' }, { requestId: 'go-1' })), {
        event: { a: 'ü' },
        id: 'go-1',
      });
      const failed = await run(spec, { do: 'fail' });
      assert.equal(failed.error, 'Unhandled');
      assert.deepEqual(json(failed), { errorMessage: 'no', errorType: 'errorString' });
      const chunks: string[] = [];
      let contentType = '';
      await runtimes().invoke(
        spec,
        invocationOf(
          spec,
          { do: 'stream' },
          {
            sink: {
              begin: (type) => {
                contentType = type;
              },
              write: (chunk) => {
                chunks.push(Buffer.from(chunk).toString());
                return undefined;
              },
            },
          },
        ),
      );
      assert.equal(chunks.join(''), 'streamed by Go');
      assert.equal(contentType, 'application/octet-stream');
    });
  });
}
