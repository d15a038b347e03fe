"""Runs a Python function: speaks the Lambda Runtime API on file descriptor 3 and writes log records to 4.

It starts before it knows its function, waits for the claim, and only then loads the handler.
"""
import json
import logging
import os
import resource
import socket
import sys
import time

_real_time = time.time
_real_time_ns = time.time_ns
_real_gmtime = time.gmtime
_real_localtime = time.localtime
_offset_ms = 0


def _now():
    return _real_time() + _offset_ms / 1000


def _shift_time():
    """Shows the function the virtual time: `time` wholly, `datetime.now` and its like by a subclass."""
    import datetime as module

    time.time = _now
    time.time_ns = lambda: _real_time_ns() + int(_offset_ms) * 1_000_000
    time.gmtime = lambda seconds=None: _real_gmtime(_now() if seconds is None else seconds)
    time.localtime = lambda seconds=None: _real_localtime(_now() if seconds is None else seconds)
    real, real_date = module.datetime, module.date

    class InstanceOfReal(type):
        def __instancecheck__(cls, value):
            return isinstance(value, real)

        def __subclasscheck__(cls, other):
            return issubclass(other, real)

    class datetime(real, metaclass=InstanceOfReal):
        @classmethod
        def now(cls, tz=None):
            return real.fromtimestamp(_now(), tz)

        @classmethod
        def utcnow(cls):
            return real.fromtimestamp(_now(), module.timezone.utc).replace(tzinfo=None)

        @classmethod
        def today(cls):
            return real.fromtimestamp(_now())

    class InstanceOfRealDate(type):
        def __instancecheck__(cls, value):
            return isinstance(value, real_date)

        def __subclasscheck__(cls, other):
            return issubclass(other, real_date)

    class date(real_date, metaclass=InstanceOfRealDate):
        @classmethod
        def today(cls):
            return real_date.fromtimestamp(_now())

    module.datetime, module.date = datetime, date


class _Connection:
    def __init__(self):
        self._socket = socket.socket(fileno=3)
        self._held = b''

    def send(self, data):
        self._socket.sendall(data)

    def receive(self):
        """The next answer that is not an acknowledgement: headers and body."""
        while True:
            headers, body = self._answer()
            if 'lambda-runtime-aws-request-id' in headers or 'lambent-claim' in headers:
                return headers, body

    def _more(self):
        chunk = self._socket.recv(262144)
        if not chunk:
            # The server has gone, or let go of this worker.
            os._exit(0)
        return chunk

    def _answer(self):
        while True:
            end = self._held.find(b'\r\n\r\n')
            if end >= 0:
                break
            self._held += self._more()
        headers = {}
        for line in self._held[:end].decode('utf-8').split('\r\n')[1:]:
            name, _, value = line.partition(':')
            headers[name.lower()] = value.strip()
        length = int(headers.get('content-length', '0'))
        body = self._held[end + 4 :]
        if len(body) < length:
            chunks = [body]
            have = len(body)
            while have < length:
                chunk = self._more()
                chunks.append(chunk)
                have += len(chunk)
            body = b''.join(chunks)
        self._held = body[length:]
        return headers, body[:length]


_connection = _Connection()
_NEXT = b'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n'
_PEAK_IS_OURS = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 65536


def _memory_kb():
    if _PEAK_IS_OURS:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak // 1024 if sys.platform == 'darwin' else peak
    try:
        with open('/proc/self/statm') as statm:
            return int(statm.read().split()[1]) * resource.getpagesize() // 1024
    except OSError:
        return 0


def _post(where, body, headers='', then=b''):
    head = 'POST /2018-06-01/runtime/%s HTTP/1.1\r\nContent-Length: %d\r\nLambent-Memory-Kb: %d\r\nLambent-Processor-Us: %d\r\n%s\r\n' % (
        where,
        len(body),
        _memory_kb(),
        time.process_time() * 1_000_000,
        headers,
    )
    _connection.send(head.encode('utf-8') + body + then)


# ---- logs ----

_request_id = None
_json_logs = False


def _record(text):
    data = text.encode('utf-8', 'replace')
    data = len(data).to_bytes(4, 'big') + data
    while data:
        data = data[os.write(4, data) :]


class _TextFormatter(logging.Formatter):
    converter = staticmethod(_real_gmtime)

    def __init__(self):
        super().__init__(
            '[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n', '%Y-%m-%dT%H:%M:%S'
        )


class _JsonFormatter(logging.Formatter):
    def format(self, entry):
        facts = {
            'timestamp': time.strftime('%Y-%m-%dT%H:%M:%SZ', _real_gmtime(entry.created)),
            'level': entry.levelname,
            'message': entry.getMessage(),
            'logger': entry.name,
            'requestId': entry.aws_request_id,
        }
        for name, value in entry.__dict__.items():
            if name not in _STANDARD_FIELDS:
                facts[name] = value
        if entry.exc_info:
            kind, error, trace = entry.exc_info
            import traceback

            facts['stackTrace'] = traceback.format_tb(trace)
            facts['errorType'] = kind.__name__
            facts['errorMessage'] = str(error)
        return json.dumps(facts, default=str) + '\n'


_STANDARD_FIELDS = set(logging.LogRecord('', 0, '', 0, '', (), None).__dict__) | {'aws_request_id', 'message', 'asctime'}


class _RequestId(logging.Filter):
    def filter(self, entry):
        entry.aws_request_id = _request_id or ''
        return True


class _Handler(logging.Handler):
    def emit(self, entry):
        _record(self.format(entry))


def _set_up_logging(environment):
    global _json_logs
    _json_logs = environment.get('AWS_LAMBDA_LOG_FORMAT') == 'JSON'
    root = logging.getLogger()
    handler = _Handler()
    handler.setFormatter(_JsonFormatter() if _json_logs else _TextFormatter())
    handler.addFilter(_RequestId())
    root.addHandler(handler)
    level = environment.get('AWS_LAMBDA_LOG_LEVEL')
    if _json_logs and level:
        root.setLevel({'TRACE': 'DEBUG', 'WARN': 'WARNING', 'FATAL': 'CRITICAL'}.get(level, level))


# ---- errors ----


class _RuntimeFault(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def _answer_of(error):
    """As AWS answers a failed invocation; the frames are the function's own, the bootstrap's left out."""
    import traceback

    if isinstance(error, _RuntimeFault):
        return {'errorMessage': str(error), 'errorType': error.kind, 'requestId': _request_id or '', 'stackTrace': []}
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and not frame.filename.startswith('<frozen importlib')
    ]
    return {
        'errorMessage': str(error),
        'errorType': type(error).__name__,
        'requestId': _request_id or '',
        'stackTrace': traceback.format_list(frames),
    }


def _log_error(answer):
    if _json_logs:
        _record(
            json.dumps(
                {
                    'timestamp': time.strftime('%Y-%m-%dT%H:%M:%SZ', _real_gmtime(_now())),
                    'log_level': 'ERROR',
                    **answer,
                }
            )
            + '\n'
        )
        return
    text = '[ERROR] %s: %s' % (answer['errorType'], answer['errorMessage'])
    if answer['stackTrace']:
        text += '\nTraceback (most recent call last):\n' + ''.join(answer['stackTrace'])
    _record(text.rstrip('\n') + '\n')


def _error_header(answer):
    return 'Lambda-Runtime-Function-Error-Type: %s\r\n' % answer['errorType'].encode('ascii', 'replace').decode()


# ---- the handler ----


class _Identity:
    def __init__(self, facts):
        self.cognito_identity_id = facts.get('cognitoIdentityId')
        self.cognito_identity_pool_id = facts.get('cognitoIdentityPoolId')


class _Client:
    def __init__(self, facts):
        self.installation_id = facts.get('installation_id')
        self.app_title = facts.get('app_title')
        self.app_version_name = facts.get('app_version_name')
        self.app_version_code = facts.get('app_version_code')
        self.app_package_name = facts.get('app_package_name')


class _ClientContext:
    def __init__(self, facts):
        self.client = _Client(facts.get('client') or {})
        self.custom = facts.get('custom')
        self.env = facts.get('env')


class LambdaContext:
    def __init__(self, headers, facts):
        self.aws_request_id = headers['lambda-runtime-aws-request-id']
        self.log_group_name = facts['logGroup']
        self.log_stream_name = facts['logStream']
        self.function_name = facts['name']
        self.memory_limit_in_mb = facts['memoryMb']
        self.function_version = facts['version']
        self.invoked_function_arn = headers['lambda-runtime-invoked-function-arn']
        client = headers.get('lambda-runtime-client-context')
        self.client_context = _ClientContext(json.loads(client)) if client else None
        identity = headers.get('lambda-runtime-cognito-identity')
        self.identity = _Identity(json.loads(identity) if identity else {})
        self._deadline_ms = int(headers['lambda-runtime-deadline-ms'])

    def get_remaining_time_in_millis(self):
        return max(0, int(self._deadline_ms - _now() * 1000))

    def log(self, text):
        sys.stdout.write(str(text))

    def __repr__(self):
        return 'LambdaContext([%s])' % ','.join(
            '%s=%s' % (name, value) for name, value in vars(self).items() if not name.startswith('_')
        )


def _load(spelled):
    import importlib

    if '.' not in spelled:
        raise _RuntimeFault('Runtime.MalformedHandlerName', "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % spelled)
    name, attribute = spelled.rsplit('.', 1)
    try:
        module = importlib.import_module(name.replace('/', '.'))
    except ImportError as error:
        raise _RuntimeFault('Runtime.ImportModuleError', "Unable to import module '%s': %s" % (name, error)) from error
    except SyntaxError as error:
        raise _RuntimeFault(
            'Runtime.UserCodeSyntaxError', "Syntax error in module '%s': %s" % (name, error)
        ) from error
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        raise _RuntimeFault(
            'Runtime.HandlerNotFound', "Handler '%s' missing on module '%s'" % (attribute, name)
        ) from error


def _marshal(value):
    import decimal

    def default(item):
        if isinstance(item, decimal.Decimal):
            return int(item) if item == item.to_integral_value() else float(item)
        raise TypeError('Object of type %s is not JSON serializable' % type(item).__name__)

    return json.dumps(value, default=default, ensure_ascii=False).encode('utf-8')


def main():
    global _offset_ms, _request_id
    _connection.send(b'GET /lambent/claim HTTP/1.1\r\n\r\n')
    _, body = _connection.receive()
    claim = json.loads(body)
    os.environ.update(claim['environment'])
    time.tzset()
    _offset_ms = claim['clockOffsetMs']
    if _offset_ms:
        _shift_time()
    folder = claim['codeFolder']
    os.chdir(folder)
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if path and os.path.abspath(path) != own]
    layers = ['/opt/python/lib/python%d.%d/site-packages' % sys.version_info[:2], '/opt/python']
    sys.path[:0] = [folder, *(path for path in layers if os.path.isdir(path))]
    sdk = os.environ.get('LAMBENT_PYTHON_SDK')
    if sdk and sdk not in sys.path:
        sys.path.append(sdk)
    _set_up_logging(claim['environment'])
    try:
        handler = _load(claim['handler'])
    except BaseException as error:
        answer = _answer_of(error)
        _log_error(answer)
        _post('init/error', json.dumps(answer).encode('utf-8'), _error_header(answer))
        sys.stdout.flush()
        os._exit(1)
    facts = claim['function']
    _connection.send(_NEXT)
    while True:
        headers, body = _connection.receive()
        _request_id = headers['lambda-runtime-aws-request-id']
        _offset_ms = float(headers.get('lambent-clock-offset-ms', '0'))
        trace = headers.get('lambda-runtime-trace-id')
        if trace is not None:
            os.environ['_X_AMZN_TRACE_ID'] = trace
        where = 'invocation/%s/' % _request_id
        try:
            try:
                event = json.loads(body) if body else {}
            except ValueError as error:
                raise _RuntimeFault('Runtime.UnmarshalError', 'Unable to unmarshal input: %s' % error) from error
            value = handler(event, LambdaContext(headers, facts))
            try:
                answer = _marshal(value)
            except (TypeError, ValueError) as error:
                raise _RuntimeFault('Runtime.MarshalError', 'Unable to marshal response: %s' % error) from error
        except SystemExit as error:
            sys.stdout.flush()
            sys.stderr.flush()
            code = error.code
            os._exit(code if isinstance(code, int) else 0 if code is None else 1)
        except BaseException as error:
            failure = _answer_of(error)
            _log_error(failure)
            sys.stdout.flush()
            sys.stderr.flush()
            _post(where + 'error', json.dumps(failure).encode('utf-8'), _error_header(failure), _NEXT)
        else:
            sys.stdout.flush()
            sys.stderr.flush()
            _post(where + 'response', answer, '', _NEXT)


# A function prints to a pipe; a line must not wait for a full buffer.
sys.stdout.reconfigure(line_buffering=True)
if __name__ == '__main__':
    main()
