/** Names of classes and codes, as languages write them: `TypeError`, `java.io.IOException`, `ECONNREFUSED`, `Vec<T>`. */
const ERROR_TYPE = /^[\w.$:\\*/+`<>-]{1,100}$/;

/** The type of an error as OpenTelemetry has it. Free text, which may contain data of a person, becomes `_OTHER`. */
export function toErrorType(type: string): string {
  return ERROR_TYPE.test(type) ? type : '_OTHER';
}
