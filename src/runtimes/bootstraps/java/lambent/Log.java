package lambent;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How what a function gives its logger is written, and from which level on.
 * https://docs.aws.amazon.com/lambda/latest/dg/java-logging.html
 */
final class Log {
  /** Of messages that say none: they are always wanted. */
  static final String UNDEFINED = "UNDEFINED";
  private static final List<String> LEVELS = Arrays.asList(UNDEFINED, "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL");
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private final boolean json;
  private final int lowest;

  Log(Map<?, ?> variables) {
    json = "JSON".equals(variables.get("AWS_LAMBDA_LOG_FORMAT"));
    lowest = json ? LEVELS.indexOf(String.valueOf(variables.get("AWS_LAMBDA_LOG_LEVEL"))) : 0;
  }

  boolean wants(String level) {
    return level.equals(UNDEFINED) || LEVELS.indexOf(level) >= lowest;
  }

  String format(String message, String level, String requestId, long nowMs) {
    if (!json) return level.equals(UNDEFINED) ? message : "[" + level + "] " + message;
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("timestamp", TIME.format(Instant.ofEpochMilli(nowMs)));
    entry.put("message", message);
    entry.put("level", level);
    entry.put("AWSRequestId", requestId);
    return Mapper.print(entry) + "\n";
  }
}
