package com.amazonaws.services.lambda.runtime.logging;

/** How much a line matters; UNDEFINED says nothing of it. */
public enum LogLevel {
  UNDEFINED,
  TRACE,
  DEBUG,
  INFO,
  WARN,
  ERROR,
  FATAL;
}
