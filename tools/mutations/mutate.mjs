// Where a source file can be changed so that it still compiles and behaves differently.
import ts from '@typescript/typescript6';

/** An operator, and what replaces it. */
const OPERATORS = new Map([
  ['<', '<='],
  ['<=', '<'],
  ['>', '>='],
  ['>=', '>'],
  ['===', '!=='],
  ['!==', '==='],
  ['&&', '||'],
  ['||', '&&'],
  ['+', '-'],
  ['-', '+'],
  ['*', '/'],
  ['/', '*'],
  ['+=', '-='],
  ['-=', '+='],
]);

/** Functions that make messages, count nothing and decide nothing. */
const MESSAGES = /^(?:coded|warnOnce|warn|error|debug|log|lasting|describeError|show|explain\w*)$/;

/** Constants that hold sentences. */
const SENTENCE = /^[A-Z][A-Z_\d]*$/;

/** Every mutation of a source text: where it begins and ends, and what is there instead. */
export function mutationsOf(fileName, text) {
  const source = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true);
  const found = [];
  visit(source);
  return found;

  function add(start, end, replacement, kind) {
    const { line } = source.getLineAndCharacterOfPosition(start);
    found.push({ start, end, after: replacement, kind, line: line + 1 });
  }

  function visit(node) {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || isOfMessage(node)) return;
    mutate(node);
    ts.forEachChild(node, visit);
  }

  function mutate(node) {
    if (ts.isBinaryExpression(node)) {
      const { operatorToken: token } = node;
      const replacement = OPERATORS.get(token.getText(source));
      if (replacement && !isText(node))
        add(token.getStart(source), token.end, replacement, 'operator');
    } else if (ts.isIfStatement(node)) negate(node.expression);
    else if (ts.isConditionalExpression(node)) negate(node.condition);
    else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
      const start = node.getStart(source);
      add(start, start + 1, '', 'negation');
    } else if (ts.isNumericLiteral(node))
      add(node.getStart(source), node.end, `(${node.text} + 1)`, 'number');
    else if (node.kind === ts.SyntaxKind.TrueKeyword) replace(node, 'false', 'boolean');
    else if (node.kind === ts.SyntaxKind.FalseKeyword) replace(node, 'true', 'boolean');
    else if (ts.isExpressionStatement(node) && isEffect(node.expression))
      replace(node, ';', 'statement');
    else if (ts.isReturnStatement(node) && !node.expression) replace(node, ';', 'statement');
  }

  function negate(condition) {
    const old = condition.getText(source);
    add(condition.getStart(source), condition.end, `!(${old})`, 'condition');
  }

  function replace(node, replacement, kind) {
    add(node.getStart(source), node.end, replacement, kind);
  }

  /** Text that is joined with `+` cannot be subtracted. */
  function isText({ left, right }) {
    return [left, right].some((side) => /['"`]/.test(side.getText(source)));
  }

  function isOfMessage(node) {
    if (ts.isVariableDeclaration(node) && SENTENCE.test(node.name.getText(source)))
      return node.initializer !== undefined && ts.isStringLiteralLike(node.initializer);
    if (!ts.isCallExpression(node)) return false;
    const { expression } = node;
    const name = ts.isPropertyAccessExpression(expression) ? expression.name : expression;
    return MESSAGES.test(name.getText(source));
  }
}

/** Calls and assignments, except `super()`. */
function isEffect(expression) {
  if (ts.isCallExpression(expression))
    return expression.expression.kind !== ts.SyntaxKind.SuperKeyword;
  return ts.isBinaryExpression(expression) || ts.isPostfixUnaryExpression(expression);
}
