// Numbers, written as Python writes them.

function repr(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const [mantissa, exponent] = Math.abs(x).toExponential().split("e");
  const text = decimal(mantissa.replace(".", ""), Number(exponent), 16);
  return (x < 0 || Object.is(x, -0) ? "-" : "") + (/[.e]/.test(text) ? text : text + ".0");
}

// As Python's "%.4g" or "%.6g": ties go to the even digit, which toPrecision does not do.
function general(x, most) {
  if (!Number.isFinite(x)) return repr(x);
  const sign = x < 0 || Object.is(x, -0) ? "-" : "";
  if (x === 0) return sign + "0";
  const [mantissa, power] = Math.abs(x).toExponential(60).split("e");
  const rest = mantissa.slice(most + 1), half = "5".padEnd(rest.length, "0");
  let digits = Number(mantissa.slice(0, most + 1).replace(".", "")), exponent = Number(power);
  if (rest > half || (rest === half && digits % 2)) digits += 1;
  if (digits === 10 ** most) [digits, exponent] = [10 ** (most - 1), exponent + 1];
  return sign + decimal(String(digits).replace(/0+$/, ""), exponent, most);
}

const short = (x) => general(x, 4); // in a box
const six = (x) => general(x, 6); // in a sentence

// Digits d.ddd times ten to the exponent; with an e below 1e-4 and from 10**most on.
function decimal(digits, exponent, most) {
  if (exponent < -4 || exponent >= most) {
    const power = String(Math.abs(exponent)).padStart(2, "0");
    const fraction = digits.length > 1 ? "." + digits.slice(1) : "";
    return `${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${power}`;
  }
  if (exponent < 0) return "0." + "0".repeat(-exponent - 1) + digits;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = digits.slice(exponent + 1);
  return fraction ? whole + "." + fraction : whole;
}

// JSON has no nan or infinity: they come as text.
const NUMBERS = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const number = (x) => (typeof x === "string" ? NUMBERS[x] : x);
