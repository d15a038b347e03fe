import { strict as assert } from 'node:assert';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { loadModel } from '../model/load.ts';
import type { OperationModel } from '../model/model.ts';
import { routeOf } from './http-binding.ts';
import { type WireError, WireFault, type WireRequest, type WireResponse } from './protocol.ts';
import { protocolOf } from './protocols.ts';

function operationOf(service: string, name: string): OperationModel {
  const operation = loadModel(service).operations[name];
  assert.ok(operation, name);
  return operation;
}

/** Routes and decodes, as the gateway does. */
function receive(service: string, line: string, request: Partial<WireRequest> & { text?: string } = {}) {
  const [method = '', target = ''] = line.split(' ');
  const [path = '', query = ''] = target.split('?', 2);
  const model = loadModel(service);
  const operation = routeOf(model)(method, path, query, request.headers);
  assert.ok(operation, line);
  const input = protocolOf(model.metadata.protocol).decodeInput(model, operation, {
    method,
    path,
    query,
    headers: {},
    body: Buffer.from(request.text ?? ''),
    ...request,
  });
  return [operation.name, input] as const;
}

function send(service: string, name: string, output: Record<string, unknown>): WireResponse {
  const model = loadModel(service);
  return protocolOf(model.metadata.protocol).encodeOutput(model, operationOf(service, name), output, 'ID');
}

function refuse(service: string, error: Partial<WireError>, name?: string): WireResponse {
  const model = loadModel(service);
  return protocolOf(model.metadata.protocol).encodeError(
    model,
    name ? operationOf(service, name) : undefined,
    {
      code: 'InternalFailure',
      message: 'm',
      detail: {},
      status: undefined,
      requestId: 'ID',
      ...error,
    },
  );
}

test('REST requests find their operation', () => {
  const cases: readonly [string, string, string, Record<string, string>?][] = [
    ['lambda', 'GET /2015-03-31/functions/', 'ListFunctions'],
    ['lambda', 'GET /2015-03-31/functions', 'ListFunctions'],
    ['lambda', 'POST /2015-03-31/functions/f/invocations', 'Invoke'],
    ['lambda', 'GET /2018-10-31/layers?find=LayerVersion&Arn=x', 'GetLayerVersionByArn'],
    ['lambda', 'GET /2018-10-31/layers', 'ListLayers'],
    ['apigateway', 'POST /restapis?mode=import', 'ImportRestApi'],
    ['apigateway', 'POST /restapis', 'CreateRestApi'],
    ['apigateway', 'POST /apikeys?mode=import', 'ImportApiKeys'],
    ['cloudfront', 'POST /2020-05-31/distribution?WithTags', 'CreateDistributionWithTags2020_05_31'],
    ['cloudfront', 'POST /2020-05-31/tagging?Operation=Untag&Resource=x', 'UntagResource2020_05_31'],
    ['s3', 'GET /', 'ListBuckets'],
    ['s3', 'GET /b', 'ListObjects'],
    ['s3', 'GET /b/', 'ListObjects'],
    ['s3', 'GET /b?list-type=2&prefix=x', 'ListObjectsV2'],
    ['s3', 'GET /b?acl', 'GetBucketAcl'],
    ['s3', 'GET /b/?acl=', 'GetBucketAcl'],
    ['s3', 'GET /b?lifecycle', 'GetBucketLifecycleConfiguration'],
    ['s3', 'GET /b?inventory', 'ListBucketInventoryConfigurations'],
    ['s3', 'GET /b?inventory&id=1', 'GetBucketInventoryConfiguration'],
    ['s3', 'DELETE /b', 'DeleteBucket'],
    ['s3', 'DELETE /b?inventory', 'DeleteBucketInventoryConfiguration'],
    ['s3', 'GET /b/k?x-id=GetObject', 'GetObject'],
    ['s3', 'GET /b//k', 'GetObject'],
    ['s3', 'GET /b/k/', 'GetObject'],
    ['s3', 'GET /b/k?uploadId=1', 'ListParts'],
    ['s3', 'GET /b/k?acl', 'GetObjectAcl'],
    ['s3', 'HEAD /b/k', 'HeadObject'],
    ['s3', 'HEAD /b', 'HeadBucket'],
    ['s3', 'PUT /b', 'CreateBucket'],
    ['s3', 'PUT /b/k', 'PutObject'],
    ['s3', 'PUT /b/k', 'CopyObject', { 'x-amz-copy-source': 'b/k' }],
    ['s3', 'PUT /b/k?partNumber=1&uploadId=2', 'UploadPart'],
    ['s3', 'PUT /b/k?partNumber=1&uploadId=2', 'UploadPartCopy', { 'x-amz-copy-source': 'b/k' }],
    ['s3', 'POST /b/k?uploads', 'CreateMultipartUpload'],
    ['s3', 'POST /b/k?uploadId=1', 'CompleteMultipartUpload'],
    ['s3', 'DELETE /b/k?uploadId=1', 'AbortMultipartUpload'],
    ['s3', 'DELETE /b/k?versionId=1', 'DeleteObject'],
    ['s3', 'POST /b?delete', 'DeleteObjects'],
    ['s3control', 'GET /v20180820/mrap/instances/a/b/policy', 'GetMultiRegionAccessPointPolicy'],
    ['route53', 'GET /2013-04-01/hostedzone/Z/rrset', 'ListResourceRecordSets'],
  ];
  for (const [service, line, name, headers] of cases) {
    const [method = '', target = ''] = line.split(' ');
    const [path = '', query = ''] = target.split('?', 2);
    assert.equal(routeOf(loadModel(service))(method, path, query, headers)?.name, name, `${service} ${line}`);
  }
  assert.equal(routeOf(loadModel('s3'))('POST', '/b', ''), undefined);
  assert.equal(routeOf(loadModel('lambda'))('GET', '/nothing/here', ''), undefined);
  assert.equal(routeOf(loadModel('lambda'))('BREW', '/', ''), undefined);
});

test('every operation of every REST model is found by its own template', () => {
  for (const service of [
    'lambda',
    'apigateway',
    'apigatewayv2',
    's3',
    'cloudfront',
    'route53',
    's3control',
  ]) {
    const model = loadModel(service);
    for (const operation of Object.values(model.operations)) {
      if (operation.deprecated || operation.name === 'ListDirectoryBuckets') continue;
      const [path = '', query = ''] = (operation.http?.requestUri ?? '').split('?', 2);
      const shape = model.shapes[operation.input?.shape ?? ''];
      const required = (shape?.required ?? []).flatMap((name) => {
        const ref = shape?.members?.[name];
        return ref ? [[ref.location, ref.locationName ?? name] as const] : [];
      });
      const parameters = required
        .filter(([location]) => location === 'querystring')
        .map(([, name]) => `${name}=1`);
      const headers = required
        .filter(([location]) => location === 'header')
        .map(([, name]) => [name.toLowerCase(), '1'] as const);
      const found = routeOf(model)(
        operation.http?.method ?? '',
        path.replace(/\{[^}]+\}/g, 'x'),
        [query, ...parameters].join('&'),
        Object.fromEntries(headers),
      );
      assert.equal(found?.name, operation.name);
    }
  }
});

test('inputs come from path, query string, headers and body', () => {
  assert.deepEqual(
    receive('lambda', 'POST /2015-03-31/functions/a%3Ab%20%C3%A9/invocations?Qualifier=1%2F2', {
      headers: { 'x-amz-invocation-type': 'Event', 'x-other': 'y' },
      text: '{"a":1}',
    }),
    [
      'Invoke',
      {
        FunctionName: 'a:b é',
        Qualifier: '1/2',
        InvocationType: 'Event',
        Payload: Buffer.from('{"a":1}'),
      },
    ],
  );
  assert.deepEqual(receive('lambda', 'DELETE /2017-03-31/tags/arn%3Ax%2Fy?tagKeys=a&tagKeys=b+c'), [
    'UntagResource',
    { Resource: 'arn:x/y', TagKeys: ['a', 'b c'] },
  ]);
  assert.deepEqual(
    receive('lambda', 'POST /2015-03-31/functions', {
      text: '{"FunctionName":"f","Code":{"ZipFile":"AQI="},"Timeout":3,"Nope":1,"Tags":null}',
    }),
    ['CreateFunction', { FunctionName: 'f', Code: { ZipFile: new Uint8Array([1, 2]) }, Timeout: 3 }],
  );
  assert.deepEqual(
    receive('apigateway', 'PUT /restapis/r?mode=merge&failonwarnings=true&basepath=split', { text: '{}' }),
    [
      'PutRestApi',
      {
        restApiId: 'r',
        mode: 'merge',
        failOnWarnings: true,
        parameters: { basepath: 'split' },
        body: Buffer.from('{}'),
      },
    ],
  );
  assert.deepEqual(receive('apigateway', 'GET /restapis?limit=5'), ['GetRestApis', { limit: 5 }]);
});

test('S3 requests: keys, metadata, streams and XML', () => {
  const [name, { Body, ...input }] = receive('s3', 'PUT /bucket//a%2Fb+c/%C3%A9?x-id=PutObject', {
    headers: {
      'x-amz-meta-one': '1',
      'x-amz-meta-__proto__': '2',
      'content-length': '3',
      expires: 'Thu, 01 Jan 2026 00:00:00 GMT',
      'x-amz-object-lock-retain-until-date': '2026-01-01T00:00:00Z',
    },
    stream: Readable.from(['abc']),
  });
  assert.equal(name, 'PutObject');
  assert.ok(Body instanceof Readable);
  assert.deepEqual(Object.entries(input['Metadata'] as object), [
    ['one', '1'],
    ['__proto__', '2'],
  ]);
  delete input['Metadata'];
  assert.deepEqual(input, {
    Bucket: 'bucket',
    Key: '/a/b+c/é',
    ContentLength: 3,
    Expires: 'Thu, 01 Jan 2026 00:00:00 GMT',
    ObjectLockRetainUntilDate: new Date('2026-01-01T00:00:00Z'),
  });
  const tagging =
    '<?xml version="1.0"?><!-- x --><Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>' +
    '<Tag><Key>a</Key><Value>&lt;&#x62;<![CDATA[&]]></Value></Tag><Tag><Key>c</Key><Value/></Tag></TagSet></Tagging>';
  assert.deepEqual(receive('s3', 'PUT /b?tagging', { text: tagging }), [
    'PutBucketTagging',
    {
      Bucket: 'b',
      Tagging: {
        TagSet: [
          { Key: 'a', Value: '<b&' },
          { Key: 'c', Value: '' },
        ],
      },
    },
  ]);
  const complete =
    '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"x"</ETag></Part>' +
    '<Part><PartNumber> 2 </PartNumber></Part></CompleteMultipartUpload>';
  assert.deepEqual(receive('s3', 'POST /b/k?uploadId=u', { text: complete }), [
    'CompleteMultipartUpload',
    {
      Bucket: 'b',
      Key: 'k',
      UploadId: 'u',
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"x"' }, { PartNumber: 2 }] },
    },
  ]);
  const acl =
    '<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"' +
    ' xsi:type="CanonicalUser"><ID>i</ID></Grantee></Grant></AccessControlList></AccessControlPolicy>';
  assert.deepEqual(receive('s3', 'PUT /b?acl', { text: acl })[1], {
    Bucket: 'b',
    AccessControlPolicy: { Grants: [{ Grantee: { Type: 'CanonicalUser', ID: 'i' } }] },
  });
  assert.deepEqual(
    receive('s3', 'GET /b/k?attributes', {
      headers: { 'x-amz-object-attributes': 'ETag, "Object,Size"' },
    })[1],
    { Bucket: 'b', Key: 'k', ObjectAttributes: ['ETag', 'Object,Size'] },
  );
});

test('what cannot be read is refused', () => {
  const cases: readonly [string, string, string, string][] = [
    ['s3', 'PUT /b?tagging', '<Tagging>', 'MalformedXML'],
    ['s3', 'PUT /b?tagging', '<Other/>', 'MalformedXML'],
    ['s3', 'PUT /b?tagging', '<!DOCTYPE a [<!ENTITY x "y">]><Tagging/>', 'MalformedXML'],
    ['s3', 'PUT /b?tagging', `${'<a>'.repeat(1e5)}${'</a>'.repeat(1e5)}`, 'MalformedXML'],
    ['s3', 'GET /b?max-keys=abc', '', 'InvalidArgument'],
    ['s3', 'GET /b/%ff', '', 'InvalidArgument'],
    ['s3', 'GET /b?prefix=%ff', '', 'InvalidArgument'],
    ['lambda', 'POST /2015-03-31/functions', '[]', 'SerializationException'],
    ['lambda', 'POST /2015-03-31/functions', '{"Timeout":"x"}', 'SerializationException'],
    ['lambda', 'GET /2015-03-31/functions?MaxItems=x', '', 'SerializationException'],
  ];
  for (const [service, line, text, code] of cases) {
    assert.throws(
      () => receive(service, line, { text }),
      (error) => error instanceof WireFault && error.code === code,
      line,
    );
  }
});

test('REST JSON answers', () => {
  assert.deepEqual(
    send('lambda', 'Invoke', { StatusCode: 202, FunctionError: 'Unhandled', Payload: new Uint8Array([1]) }),
    {
      status: 202,
      headers: {
        'x-amzn-requestid': 'ID',
        'content-type': 'application/octet-stream',
        'x-amz-function-error': 'Unhandled',
      },
      body: new Uint8Array([1]),
    },
  );
  const json = { 'x-amzn-requestid': 'ID', 'content-type': 'application/json' };
  const created = new Date(1_500_000_000_000);
  assert.deepEqual(send('apigateway', 'CreateRestApi', { id: 'i', createdDate: created, other: 1 }), {
    status: 201,
    headers: json,
    body: '{"id":"i","createdDate":1500000000}',
  });
  assert.deepEqual(send('apigatewayv2', 'CreateApi', { ApiId: 'i', CreatedDate: created }), {
    status: 201,
    headers: json,
    body: '{"apiId":"i","createdDate":"2017-07-14T02:40:00Z"}',
  });
  assert.equal(send('lambda', 'DeleteAlias', {}).status, 204);
  assert.equal(send('lambda', 'DeleteAlias', {}).body, '');
  assert.deepEqual(refuse('lambda', { code: 'ResourceNotFoundException', detail: { Type: 'User' } }), {
    status: 404,
    headers: { ...json, 'x-amzn-errortype': 'ResourceNotFoundException' },
    body: '{"Type":"User","Message":"m"}',
  });
  assert.deepEqual(
    refuse('lambda', { code: 'TooManyRequestsException', detail: { retryAfterSeconds: '3' } }),
    {
      status: 429,
      headers: { ...json, 'x-amzn-errortype': 'TooManyRequestsException', 'retry-after': '3' },
      body: '{"message":"m"}',
    },
  );
  assert.equal(refuse('lambda', { code: 'AccessDeniedException' }).status, 403);
});

test('S3 answers', () => {
  const ids = { 'x-amz-request-id': 'ID', 'x-amz-id-2': Buffer.from('IDID').toString('base64') };
  const xmlns = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  const prolog = '<?xml version="1.0" encoding="UTF-8"?>\n';
  const at = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
  assert.deepEqual(
    send('s3', 'ListObjectsV2', {
      Name: 'b',
      IsTruncated: false,
      Contents: [{ Key: 'a&b', Size: 5, LastModified: at }, { Key: 'c' }],
      CommonPrefixes: [{ Prefix: 'p/' }],
      RequestCharged: 'requester',
    }),
    {
      status: 200,
      headers: { ...ids, 'content-type': 'application/xml', 'x-amz-request-charged': 'requester' },
      body:
        `${prolog}<ListBucketResult ${xmlns}><IsTruncated>false</IsTruncated>` +
        '<Contents><Key>a&amp;b</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><Size>5</Size></Contents>' +
        '<Contents><Key>c</Key></Contents><Name>b</Name><CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>' +
        '</ListBucketResult>',
    },
  );
  assert.equal(
    send('s3', 'GetBucketLocation', { LocationConstraint: 'eu-west-1' }).body,
    `${prolog}<LocationConstraint ${xmlns}>eu-west-1</LocationConstraint>`,
  );
  assert.equal(send('s3', 'GetBucketLocation', {}).body, `${prolog}<LocationConstraint ${xmlns}/>`);
  assert.equal(
    send('s3', 'CopyObject', { CopyObjectResult: { ETag: '"e"' } }).body,
    `${prolog}<CopyObjectResult ${xmlns}><ETag>"e"</ETag></CopyObjectResult>`,
  );
  assert.equal(
    send('s3', 'GetBucketAcl', { Grants: [{ Grantee: { Type: 'CanonicalUser', ID: 'i' } }] }).body,
    `${prolog}<AccessControlPolicy ${xmlns}><AccessControlList><Grant><Grantee` +
      ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>i</ID></Grantee></Grant>' +
      '</AccessControlList></AccessControlPolicy>',
  );
  const body = Readable.from(['x']);
  const object = {
    Body: body,
    ContentType: 'text/html',
    LastModified: at,
    Metadata: { One: 'é\n' },
    ETag: '"e"',
  };
  assert.deepEqual(send('s3', 'GetObject', object), {
    status: 200,
    headers: {
      ...ids,
      'content-type': 'text/html',
      'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT',
      etag: '"e"',
      'x-amz-meta-one': 'Ã© ',
    },
    body,
  });
  assert.deepEqual(refuse('s3', { code: 'NoSuchKey', detail: { Key: 'k' }, resource: '/b/k' }, 'GetObject'), {
    status: 404,
    headers: { ...ids, 'content-type': 'application/xml' },
    body:
      `${prolog}<Error><Code>NoSuchKey</Code><Message>m</Message><Key>k</Key><Resource>/b/k</Resource>` +
      `<RequestId>ID</RequestId><HostId>${ids['x-amz-id-2']}</HostId></Error>`,
  });
  assert.deepEqual(refuse('s3', { code: 'NoSuchKey' }, 'HeadObject'), {
    status: 404,
    headers: ids,
    body: '',
  });
  assert.equal(refuse('s3', { code: 'BucketNotEmpty' }).status, 409);
  assert.match(
    String(refuse('cloudfront', { code: 'NoSuchDistribution' }).body),
    /<ErrorResponse xmlns="http:\/\/cloudfront.amazonaws.com\/doc\/2020-05-31\/"><Error><Type>Sender<\/Type>/,
  );
});
