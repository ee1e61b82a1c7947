/** What one pass over a text tells about which recognisers need to look at it. */
export interface TextFeatures {
  readonly digits: number;
  /** Most digits between two letters or line ends, whatever else stands between them. */
  readonly digitRun: number;
  /** Longest run of ASCII letters and digits. */
  readonly wordLength: number;
  readonly at: number;
  readonly dots: number;
  readonly colons: number;
}

const other = 0;
const digit = 1;
const letter = 2;
const at = 3;
const dot = 4;
const colon = 5;
const newline = 6;

const classes = new Uint8Array(128);
classes.fill(digit, 48, 58);
classes.fill(letter, 65, 91);
classes.fill(letter, 97, 123);
classes[64] = at;
classes[46] = dot;
classes[58] = colon;
classes[10] = newline;

/** One pass, about a nanosecond a character: what every text pays, whether it holds anything or not. */
export function readFeatures(text: string): TextFeatures {
  let digits = 0;
  let run = 0;
  let digitRun = 0;
  let word = 0;
  let wordLength = 0;
  let ats = 0;
  let dots = 0;
  let colons = 0;
  for (let index = 0; index < text.length; index++) {
    switch (classes[text.charCodeAt(index)] ?? other) {
      case letter:
        run = 0;
        if (++word > wordLength) wordLength = word;
        continue;
      case digit:
        digits++;
        if (++run > digitRun) digitRun = run;
        if (++word > wordLength) wordLength = word;
        continue;
      case at:
        ats++;
        break;
      case dot:
        dots++;
        break;
      case colon:
        colons++;
        break;
      case newline:
        run = 0;
        break;
    }
    word = 0;
  }
  return { digits, digitRun, wordLength, at: ats, dots, colons };
}
