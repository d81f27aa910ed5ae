/** Computes expressions over registers as C does on 32-bit integers; touches no memory. */
import type { Pure } from './syntax.js';

/** The value of an expression. Division by 0 is 0. */
export function evaluatePure(pure: Pure, registers: readonly number[]): number {
  switch (pure.kind) {
    case 'constant':
      return pure.value;
    case 'register':
      return registers[pure.register]!;
    case 'unary':
      return applyUnary(pure.operator, evaluatePure(pure.operand, registers));
    case 'conditional':
      return evaluatePure(evaluatePure(pure.test, registers) !== 0 ? pure.yes : pure.no, registers);
    case 'binary':
      return applyBinary(
        pure.operator,
        evaluatePure(pure.left, registers),
        evaluatePure(pure.right, registers),
      );
  }
}

function applyUnary(operator: string, value: number): number {
  switch (operator) {
    case '!':
      return value === 0 ? 1 : 0;
    case '-':
      return -value | 0;
    case '~':
      return ~value;
    default:
      return value;
  }
}

function applyBinary(operator: string, left: number, right: number): number {
  switch (operator) {
    case '+':
      return (left + right) | 0;
    case '-':
      return (left - right) | 0;
    case '*':
      return Math.imul(left, right);
    case '/':
      return (left / right) | 0;
    case '%':
      return (left % right) | 0;
    case '&':
      return left & right;
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '<<':
      return left << right;
    case '>>':
      return left >> right;
    default:
      return compareIntegers(operator, left, right) ? 1 : 0;
  }
}

function compareIntegers(operator: string, left: number, right: number): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '>':
      return left > right;
    case '<=':
      return left <= right;
    case '>=':
      return left >= right;
    case '&&':
      return left !== 0 && right !== 0;
    default:
      return left !== 0 || right !== 0;
  }
}
