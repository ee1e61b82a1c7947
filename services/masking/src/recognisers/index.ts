/** Every recogniser; adding one is its file and its line here. PERSON, LOCATION and others that need a model join here too. */
import type { Recogniser } from '../recogniser.ts';
import { auAbn } from './au-abn.ts';
import { auTfn } from './au-tfn.ts';
import { brCpf } from './br-cpf.ts';
import { caSin } from './ca-sin.ts';
import { creditCard } from './credit-card.ts';
import { crypto } from './crypto.ts';
import { deTaxId } from './de-tax-id.ts';
import { emailAddress } from './email-address.ts';
import { esNie } from './es-nie.ts';
import { esNif } from './es-nif.ts';
import { fiPersonalIdentityCode } from './fi-personal-identity-code.ts';
import { ibanCode } from './iban-code.ts';
import { inAadhaar } from './in-aadhaar.ts';
import { ipAddress } from './ip-address.ts';
import { itFiscalCode } from './it-fiscal-code.ts';
import { krRrn } from './kr-rrn.ts';
import { macAddress } from './mac-address.ts';
import { phoneNumber } from './phone-number.ts';
import { plPesel } from './pl-pesel.ts';
import { sePersonnummer } from './se-personnummer.ts';
import { sgNricFin } from './sg-nric-fin.ts';
import { thTnin } from './th-tnin.ts';
import { trNationalId } from './tr-national-id.ts';
import { ukNhs } from './uk-nhs.ts';
import { ukNino } from './uk-nino.ts';
import { url } from './url.ts';
import { usItin } from './us-itin.ts';
import { usSsn } from './us-ssn.ts';

export const recognisers: readonly Recogniser[] = [
  auAbn,
  auTfn,
  brCpf,
  caSin,
  creditCard,
  crypto,
  deTaxId,
  emailAddress,
  esNie,
  esNif,
  fiPersonalIdentityCode,
  ibanCode,
  inAadhaar,
  ipAddress,
  itFiscalCode,
  krRrn,
  macAddress,
  phoneNumber,
  plPesel,
  sePersonnummer,
  sgNricFin,
  thTnin,
  trNationalId,
  ukNhs,
  ukNino,
  url,
  usItin,
  usSsn,
];
