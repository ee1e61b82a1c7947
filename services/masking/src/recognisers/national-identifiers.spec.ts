import { describe, expect, it } from 'vitest';
import { valuesFound } from '../testing-recogniser.ts';
import { usItin } from './us-itin.ts';
import { ukNhs } from './uk-nhs.ts';
import { ukNino } from './uk-nino.ts';
import { esNif } from './es-nif.ts';
import { esNie } from './es-nie.ts';
import { itFiscalCode } from './it-fiscal-code.ts';
import { plPesel } from './pl-pesel.ts';
import { auAbn } from './au-abn.ts';
import { auTfn } from './au-tfn.ts';
import { fiPersonalIdentityCode } from './fi-personal-identity-code.ts';
import { sgNricFin } from './sg-nric-fin.ts';
import { inAadhaar } from './in-aadhaar.ts';
import { krRrn } from './kr-rrn.ts';
import { thTnin } from './th-tnin.ts';
import { sePersonnummer } from './se-personnummer.ts';
import { caSin } from './ca-sin.ts';
import { brCpf } from './br-cpf.ts';
import { deTaxId } from './de-tax-id.ts';
import { trNationalId } from './tr-national-id.ts';

/** Each with numbers whose check digits are right, and the same with one wrong. */
const table = [
  { recogniser: usItin, valid: ['911-70-1234'], invalid: ['911-69-1234', '811-70-1234'] },
  { recogniser: ukNhs, valid: ['943 476 5919', 'NHS 401-023-2137'], invalid: ['943 476 5918', '4010232137'] },
  { recogniser: ukNino, valid: ['AA 12 34 56 B', 'AB123456C'], invalid: ['BG123456C', 'AB123456E'] },
  { recogniser: esNif, valid: ['12345678Z'], invalid: ['12345678A'] },
  { recogniser: esNie, valid: ['Z8078221M', 'X1234567L'], invalid: ['Z8078221N'] },
  { recogniser: itFiscalCode, valid: ['RSSMRA85T10A562S'], invalid: ['RSSMRA85T10A562T'] },
  { recogniser: plPesel, valid: ['44051401458'], invalid: ['44051401459', '44951401458'] },
  { recogniser: auAbn, valid: ['51 824 753 556', '51824753556'], invalid: ['51824753557'] },
  { recogniser: auTfn, valid: ['TFN 876 543 210'], invalid: ['TFN 876 543 211', '876543210'] },
  { recogniser: fiPersonalIdentityCode, valid: ['131052-308T'], invalid: ['131052-308U'] },
  { recogniser: sgNricFin, valid: ['S0000001I'], invalid: ['S0000001J'] },
  { recogniser: inAadhaar, valid: ['2363 6581 6215'], invalid: ['2363 6581 6214'] },
  { recogniser: krRrn, valid: ['960121-1021413'], invalid: ['961321-1021413'] },
  { recogniser: thTnin, valid: ['เลขบัตรประชาชน 1101700230708'], invalid: ['เลขบัตรประชาชน 1101700230700'] },
  { recogniser: sePersonnummer, valid: ['811218-9876', '19811218-9876'], invalid: ['811218-9877'] },
  { recogniser: caSin, valid: ['SIN 130 692 544', '435 418 165'], invalid: ['130 692 545', '046 454 286'] },
  { recogniser: brCpf, valid: ['111.444.777-35', '11144477735'], invalid: ['111.444.777-36', '111.111.111-11'] },
  { recogniser: deTaxId, valid: ['Steuer-ID 86095742719'], invalid: ['Steuer-ID 86095742718'] },
  { recogniser: trNationalId, valid: ['10000000146'], invalid: ['10000000147'] },
];

describe.each(table)('$recogniser.type', ({ recogniser, valid, invalid }) => {
  it.each(valid)('finds the number in %j', (text) => {
    expect(valuesFound(recogniser, text)).toHaveLength(1);
  });

  it.each(invalid)('finds nothing in %j', (text) => {
    expect(valuesFound(recogniser, text)).toEqual([]);
  });
});
