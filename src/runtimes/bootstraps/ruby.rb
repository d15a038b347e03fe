# Runs a Ruby function: speaks the Lambda Runtime API on file descriptor 3 and writes log records to 4.
# It starts before it knows its function, waits for the claim, and only then loads the handler.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-ruby.html
require 'json'
require 'logger'

module Lambent
  NEXT = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n".b

  # The virtual time. `Date` and `DateTime` ask the machine by themselves, so they are only loaded for a clock that moved.
  module Clock
    @offset_ms = 0
    class << self
      attr_reader :offset_ms

      def offset_ms=(milliseconds)
        @offset_ms = milliseconds
        shift_dates if milliseconds != 0 && !@shifted
      end

      def real_now
        Process.clock_gettime(Process::CLOCK_REALTIME, :float_millisecond)
      end

      def shift_dates
        @shifted = true
        require 'date'
        Date.singleton_class.prepend(Module.new { def today(*start) = Time.now.to_date.new_start(*start) })
        DateTime.singleton_class.prepend(Module.new { def now(*start) = Time.now.to_datetime.new_start(*start) })
      end
    end

    # By `at`, since `now` and `new` are made of each other in some versions.
    def now(**options)
      nanoseconds = Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond) + (Clock.offset_ms * 1_000_000).to_i
      at(nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000, :nsec, **options)
    end

    def new(*arguments, **options)
      arguments.empty? && self == Time ? now(**options) : super
    end
  end
  Time.singleton_class.prepend(Clock)

  # Descriptor 3, as it came: nothing here loads Ruby's socket library.
  class Connection
    def initialize
      @reader = IO.for_fd(3, 'rb', autoclose: false)
      @writer = IO.for_fd(3, 'wb', autoclose: false)
      @writer.sync = true
      @held = String.new(encoding: Encoding::BINARY)
    end

    def send(data) = @writer.write(data)

    # The next answer that is not an acknowledgement: headers and body.
    def receive
      loop do
        headers, body = answer
        return headers, body if headers.key?('lambda-runtime-aws-request-id') || headers.key?('lambent-claim')
      end
    end

    private

    def answer
      more until (finish = @held.index("\r\n\r\n"))
      headers = {}
      @held.byteslice(0, finish).split("\r\n").drop(1).each do |line|
        name, _, value = line.partition(':')
        headers[name.downcase] = value.strip.force_encoding(Encoding::UTF_8)
      end
      after = finish + 4 + headers.fetch('content-length', '0').to_i
      more while @held.bytesize < after
      body = @held.byteslice(finish + 4, after - finish - 4)
      @held = @held.byteslice(after..)
      [headers, body.force_encoding(Encoding::UTF_8)]
    end

    def more
      @held << @reader.readpartial(262_144)
    rescue EOFError, SystemCallError
      # The server has gone, or let go of this worker.
      exit!(0)
    end
  end

  # One event in the log, whatever lines it has.
  def self.record(text)
    @log ||= IO.for_fd(4, 'wb', autoclose: false).tap { |io| io.sync = true }
    bytes = text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).b
    @log.write([bytes.bytesize].pack('N') + bytes)
  end

  class << self
    attr_accessor :request_id
  end

  # Ruby's own format, with the request in front of the program's name.
  module LogFormat
    def call(severity, time, program, message)
      format("%s, [%s #%d] %5s %s -- %s: %s\n", severity[0], format_datetime(time), Process.pid, severity,
             Lambent.request_id, program, msg2str(message))
    end
  end
  Logger::Formatter.prepend(LogFormat)

  class Context
    attr_reader :aws_request_id, :invoked_function_arn, :deadline_ms, :log_group_name, :log_stream_name,
                :function_name, :memory_limit_in_mb, :function_version, :identity, :client_context

    def initialize(headers, facts)
      @aws_request_id = headers['lambda-runtime-aws-request-id']
      @invoked_function_arn = headers['lambda-runtime-invoked-function-arn']
      @deadline_ms = headers['lambda-runtime-deadline-ms'].to_i
      @log_group_name = facts['logGroup']
      @log_stream_name = facts['logStream']
      @function_name = facts['name']
      @memory_limit_in_mb = facts['memoryMb']
      @function_version = facts['version']
      @identity = parsed(headers['lambda-runtime-cognito-identity'])
      @client_context = parsed(headers['lambda-runtime-client-context'])
    end

    def get_remaining_time_in_millis
      [@deadline_ms - (Clock.real_now + Clock.offset_ms).to_i, 0].max
    end

    def log(message)
      $stdout << message
    end

    private

    def parsed(text) = text && JSON.parse(text)
  end

  # What is wrong with the function's package, in AWS's terms.
  class HandlerError < StandardError
    attr_reader :kind

    def initialize(kind, message)
      super(message)
      @kind = kind
    end
  end

  def self.answer_of(error, phase)
    return { errorMessage: error.message, errorType: error.kind, stackTrace: [] } if error.is_a?(HandlerError)

    trace = (error.backtrace || []).reject { |line| line.start_with?(__FILE__, "<internal:") }
    { errorMessage: error.message.dup.force_encoding(Encoding::UTF_8).scrub, errorType: "#{phase}<#{error.class}>", stackTrace: trace }
  end

  def self.log_error(title, answer)
    record("#{title}\n#{JSON.pretty_generate(answer)}\n")
  end

  def self.memory_kb
    File.read('/proc/self/statm').split[1].to_i * 4
  rescue SystemCallError
    0
  end

  def self.post(connection, where, body, headers = '', following = '')
    head = "POST /2018-06-01/runtime/#{where} HTTP/1.1\r\nContent-Length: #{body.bytesize}\r\n" \
           "Lambent-Memory-Kb: #{memory_kb}\r\n#{headers}\r\n"
    connection.send(head.b << body.b << following)
  end

  def self.error_header(answer)
    "Lambda-Runtime-Function-Error-Type: #{answer[:errorType].encode('US-ASCII', invalid: :replace, undef: :replace)}\r\n"
  end

  # `file.method`, or `file.Module::Class.method`.
  def self.load_handler(spelled)
    file, *rest = spelled.split('.')
    unless [1, 2].include?(rest.size)
      raise HandlerError.new('Runtime.MalformedHandlerName',
                             "Invalid handler #{spelled}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD where FILENAME corresponds with an existing Ruby source file FILENAME.rb, CLASS is an optional module/class namespace and METHOD is a callable method. If using CLASS, METHOD must be a class-level method.")
    end
    require "./#{file}"
    name = rest.last.to_sym
    owner = rest.size == 2 ? Kernel.const_get(rest.first) : TOPLEVEL_BINDING.receiver
    unless owner.respond_to?(name, rest.size == 1)
      raise HandlerError.new('Runtime.HandlerNotFound', "Handler '#{spelled}': undefined method '#{name}'")
    end
    owner.method(name)
  end

  # Gems the function brings, in the folder of this Ruby's own version, else in whichever it has.
  def self.gem_paths(roots)
    roots.flat_map do |root|
      own = File.join(root, RbConfig::CONFIG['ruby_version'])
      File.directory?(own) ? [own] : Dir.glob(File.join(root, '*')).select { |path| File.directory?(path) }
    end
  end

  def self.run
    connection = Connection.new
    connection.send("GET /lambent/claim HTTP/1.1\r\n\r\n")
    claim = JSON.parse(connection.receive[1])
    claim['environment'].each { |name, value| ENV[name] = value }
    Clock.offset_ms = claim['clockOffsetMs']
    folder = claim['codeFolder']
    Dir.chdir(folder)
    gems = gem_paths(["#{folder}/vendor/bundle/ruby", '/opt/ruby/gems'])
    unless gems.empty?
      ENV['GEM_PATH'] = (gems + Gem.path).uniq.join(':')
      Gem.clear_paths
    end
    $LOAD_PATH.unshift(folder, '/opt/ruby/lib')
    begin
      handler = load_handler(claim['handler'])
    rescue Exception => error # A file that does not parse raises a ScriptError.
      answer = answer_of(error, 'Init')
      log_error('Init error when loading handler', answer)
      post(connection, 'init/error', JSON.generate(answer), error_header(answer))
      exit!(1)
    end
    connection.send(NEXT)
    loop { invoked(connection, handler, claim['function'], *connection.receive) }
  end

  def self.invoked(connection, handler, facts, headers, body)
    self.request_id = headers['lambda-runtime-aws-request-id']
    Clock.offset_ms = headers.fetch('lambent-clock-offset-ms', '0').to_f
    ENV['_X_AMZN_TRACE_ID'] = headers['lambda-runtime-trace-id']
    where = "invocation/#{request_id}/"
    begin
      event = body.empty? ? {} : JSON.parse(body)
      value = handler.call(event: event, context: Context.new(headers, facts))
      # Objects of the function's own answer by their `to_json`.
      post(connection, "#{where}response", value.to_json, '', NEXT)
    rescue SystemExit => error
      $stdout.flush
      exit!(error.status)
    rescue Exception => error # Whatever a handler raises is its answer.
      answer = answer_of(error, 'Function')
      log_error('Error raised from handler method', answer)
      post(connection, "#{where}error", JSON.generate(answer), error_header(answer), NEXT)
    end
  end
end

$stdout.sync = true
# The server says when to end; a function that wants to hear of it sets a trap of its own.
Lambent.run
