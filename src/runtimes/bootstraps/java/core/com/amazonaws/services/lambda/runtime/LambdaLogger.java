package com.amazonaws.services.lambda.runtime;

/** As functions are compiled with it. */
public interface LambdaLogger {
  void log(String message);

  void log(byte[] message);
}
