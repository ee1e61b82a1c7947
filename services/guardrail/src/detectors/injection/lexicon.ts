/**
 * The words of which rules are made, by concept and in every language alike: a rule that joins two concepts thereby
 * holds in all of them. Entries are folded (lower case, no accents); a trailing `*` admits any ending, and entries of
 * ideographs match anywhere; `¦` stands for the bar that separates entries. Some entries are spelled in ROT13 or backwards on purpose.
 */
export const concepts = {
  override: [
    "ignor*|disregard*|forget*|override|overrule|overwrite|bypass*|nullify|discard*|neglect|pay no attention|do not follow|don't follow|stop following|no longer follow|skip over|set aside|cancel all|delete all|drop all|erase all|supersede*|annul*|throw away|dismiss*|abandon",
    'ignorier*|vergiss|vergesst|missachte*|uberschreib*|umgeh*|verwerf*',
    'ignore*|oublie*|oubliez|ne tiens pas compte|ne tenez pas compte|neglige*|contourne*|fais abstraction|faites abstraction',
    'ignora*|olvida*|olvide*|omite|descarta*|haz caso omiso|desestima*|anula*|pasa por alto',
    'dimentica*|tralascia*|trascura*|scarta*|non tenere conto|non considerare|bypassa*',
    'ignore*|esqueca*|esquece*|desconsidere*|desconsiderar|despreze*|descarte*|contorne',
    'игнорир*|проигнорир*|забуд*|забыть|отброс*|не обращаи внимани*|пренебрег*|отмени*|обоиди',
    '忽略|无视|無視|忘记|忘記|忘掉|不要理会|不要遵循|忽視|跳过|绕过|抛开|停止遵循',
    '無視し|無視する|忘れて|忘れろ|無効に|従わない|従うな',
    '무시하|무시해|잊어|잊으|따르지 마|무시하고',
    'تجاهل*|انس|انسى|انسي|تجاوز|اهمل|أهمل|لا تتبع|انسوا',
    'अनदेखा|नजरअंदाज|नज़रअंदाज|भूल जा*|उपेक्षा|अनदेखी',
    'abaikan*|lupakan|negeer*|vergeet|zignoruj|zapomnij|unut|gormezden gel|yok say|bo qua|quen di|lam lo|ละเลย|เพิกเฉย|ลืม|bortse fran|ignorera*|glom|agnois*|kalimutan|huwag pansinin',
    'vtaber|qvfertneq|sbetrg|erongi|dragersid|tegrof',
  ],
  prior: [
    'previous|previously|prior|above|earlier|preceding|foregoing|all|any|your|initial|original|existing|former|past|before|system|safety|everything|these|those|given',
    'vorherig*|vorig*|vorangegangen*|vorhergehend*|bisherig*|obig*|alle|deine|ihre|alles|fruher*|ursprunglich*|zuvor',
    'precedent*|anterieur*|ci-dessus|tout|toutes|tous|tes|vos|initial*',
    'anterior*|previ*|todo|todas|todos|toda|tus|sus|arriba|inicial*',
    'precedent*|tutte|tutto|tutti|tue|tuoi|sopra|iniziali',
    'tudo|suas|seus|acima|iniciais',
    'предыдущ*|прежн*|все|всё|всех|свои|твои|ваши|выше|ранее|предшеств*|изначальн*',
    '之前|以上|先前|前面|所有|上述|此前|你的|原来|前の|以前|これまで|すべて|全て|上記|今まで|あなたの',
    '이전|위의|모든|기존|앞의|지금까지|당신의|너의',
    'السابقة|السابق|كل|جميع|أعلاه|اعلاه|سبق|تعليماتك',
    'पिछले|पिछली|पहले|सभी|ऊपर|उपरोक्त|आपके|अपने|पूर्व',
    'sebelumnya|semua|vorige|eerdere|poprzednie|wszystkie|onceki|tum|truoc|tat ca|ก่อนหน้า|ทั้งหมด|tidigare|naunang|lahat',
    'cerivbhf|suoiverp',
  ],
  instruction: [
    'instruction*|instrucitons|guideline*|directive*|directions|rules|prompt|prompts|programming|commands|command|orders|restrictions|constraints|system message*|guidance|safeguard*',
    'anweisung*|instruktion*|regeln|richtlinien|vorgaben|befehle*|anordnungen|aufgaben|anleitung*',
    'consigne*|directive*|regles|ordres|commandes|invite',
    'instruccion*|indicacion*|reglas|ordenes|directrices|directivas|instrucao|instrucoes|regras|diretrizes|comandos|ordens|orientacoes',
    'istruzion*|regole|direttive|ordini|comandi|indicazioni',
    'инструкци*|указани*|правил*|команд*|распоряжени*|директив*|промпт*|подсказк*|ограничени*',
    '指令|指示|说明|规则|規則|命令|提示|要求|约束|限制|设定|設定|プロンプト|ルール|指南',
    '지시|명령|규칙|지침|프롬프트|설명|가이드라인|제한',
    'التعليمات|تعليمات|الأوامر|الاوامر|أوامر|القواعد|قواعد|الإرشادات|الارشادات|التوجيهات|توجيهات',
    'निर्देश*|आदेश*|नियम*|निर्देशों|हिदायत*',
    'instruksi|perintah|aturan|instructies|regels|instrukcje|polecenia|zasady|talimat*|kurallari|huong dan|chi thi|quy tac|mga tagubilin|tagubilin|utos|คำสั่ง|คำแนะนำ|กฎ|instruktion*|regler',
    'vafgehpgvba*|snoitcurtsni|cebzcg',
  ],
  setting: [
    'policies|policy|training|context|told|said|filters|filter|conversation|text|settings|gesagt*|dit|dicho|dito|detto|قيل|内容|內容|对话',
  ],
  reveal: [
    "reveal*|show|print|display|repeat*|output|tell|leak*|disclose*|expose*|share|give|write|what is|what are|what was|what were|what's|recite|dump|return|list|provide|copy|paste|quote|echo|spell|translate|summarize|encode|extract|state|describe|print out|spit out|paraphrase|send|read|report|rewrite|convert",
    'zeig*|verrate*|verrat|gib|nenn*|wiederhol*|ausgeb*|wie lautet|wie lauten|was ist|was sind|was steht|offenbar*|sag*|druck*|schreib*',
    'revele*|revelez|montre*|affiche*|repete*|donne*|divulgue*|quel est|quelles sont|dis-moi|dites-moi|ecris|imprime*',
    "revela*|revele*|muestra*|muestre*|mostra*|mostre*|repite|repita|repeti*|imprim*|dime|diga|diz|cual es|cuales son|qual e|quais sao|cuentame|escribe|stampa*|rivela*|mostrami|dimmi|ripeti*|quali sono|quale e|di' |elenca|scrivi",
    'покаж*|раскро*|выведи|напечата*|повтори*|скажи*|напиши*|какои|каков|каковы|какие|сообщи|перечисли',
    '显示|顯示|透露|泄露|告诉|告訴|输出|輸出|重复|重複|打印|列出|是什么|是什麼|给我|写出|公开|揭示',
    '教えて|表示|出力|見せて|開示|明かし|繰り返し|書いて|何ですか|公開',
    '알려|보여|출력|공개|말해|반복|무엇|드러내|누설',
    'اكشف|أظهر|اظهر|اعرض|اطبع|أخبرني|اخبرني|كرر|ما هي|ما هو|اكتب',
    'बताओ|बताएं|बताइए|दिखाओ|दिखाएं|प्रकट|दोहरा*|क्या है|क्या हैं|लिख*',
    'tunjukkan|ungkapkan|tampilkan|toon|onthul|pokaz|ujawnij|goster|acikla|hien thi|tiet lo|ipakita|แสดง|เปิดเผย|บอก|visa|avsloja',
    'erirny|laever',
  ],
  hiddenPrompt: [
    'system prompt*|system message*|system instruction*|systemprompt*|sytem prompt|initial prompt*|initial instruction*|original prompt*|original instruction*|your instruction*|your prompt*|your initial|your system|your guidelines|your rules|your directives|hidden prompt*|hidden instruction*|secret instruction*|secret prompt*|developer message|developer prompt|developer instructions|pre-prompt|preprompt|prompt above|instructions above|above instructions|above prompt|text above|words above|sentences above|everything above|content above|message above|previous instructions|earlier prompt|first prompt|prompt prefix|internal instructions|internal prompt|internal rules|system configuration|you were told|you were given|told to you|given to you before|conversation so far|your programming|your configuration|master prompt|base prompt|confidential instructions|instructions you were|instructions you received|instructions you have|instructions given to you|prompts you were|prompt you were|beginning of this conversation|start of this conversation|before this message|before this conversation|starting with "you are|starting with \'you are|starting with you are',
    'system-prompt*|systemanweisung*|deine anweisungen|deinen anweisungen|deine instruktionen|ihre anweisungen|system-anweisung*|deinen prompt|dein prompt|prompt-text*|prompttext*|ursprungliche anweisung*',
    'prompt systeme|invite systeme|tes instructions|vos instructions|instructions systeme|prompt initial|instructions initiales|message systeme',
    'prompt del sistema|prompt de sistema|tus instrucciones|sus instrucciones|instrucciones del sistema|instrucciones iniciales|mensaje del sistema|suas instrucoes|prompt do sistema|instrucoes do sistema|instrucoes iniciais|prompt di sistema|tue istruzioni|istruzioni di sistema|istruzioni iniziali|prompt inicial|prompt iniziale',
    'системныи промпт|системныи запрос|системного промпта|системную подсказку|системная подсказка|системные инструкции|системное сообщение|твои инструкции|свои инструкции|ваши инструкции|изначальные инструкции|начальныи промпт|свои системныи',
    '系统提示|系統提示|系统指令|系統指令|初始指令|初始提示|你的指令|你的提示|你的规则|你的系统|系统消息|システムプロンプト|システムメッセージ|初期プロンプト|初期指示|あなたの指示|システム指示|内部指示',
    '시스템 프롬프트|시스템 메시지|초기 지시|초기 프롬프트|너의 지시|당신의 지시|시스템 지시|시스템 명령',
    'تعليمات النظام|موجه النظام|تعليماتك|مطالبة النظام|رسالة النظام|التعليمات الأولية|أوامر النظام',
    'सिस्टम प्रॉम्प्ट|सिस्टम निर्देश*|आपके निर्देश*|अपने निर्देश*|सिस्टम संदेश|प्रारंभिक निर्देश*',
    'prompt sistem|instruksi sistem|systeemprompt|prompt systemowy|sistem istemi|sistem komutu|loi nhac he thong|ข้อความระบบ|systeminstruktion*',
    'flfgrz cebzcg|tpmorp metsys',
  ],
  persona: [
    'jailbreak*|do anything now|developer mode|dev mode|evil confidant|evilbot|evil-bot|stan mode|dan mode|dan 6*|dan 7*|dan 8*|dan 9*|dan 10*|dan 11*|dan 12*|dan 13*|as dan|[🔓|omega virus|mongo tom|betterdan|basedgpt|maximum virtual machine|antigpt|anti-gpt|freedomgpt|chaosgpt|unrestricted ai|unfiltered ai|uncensored ai|amoral ai|evil ai|opposite mode|god mode|sudo mode|admin mode|debug mode|maintenance mode|unrestricted mode|niccolo machiavelli|always intelligent and machiavellian|alphabreak|dude mode|superior ai|hypothetical response|tomgpt|yesman|grandma who|deceased grandmother|dead grandmother|token system|35 tokens|lose all tokens',
    'entwicklermodus|mode developpeur|modo desarrollador|modo desenvolvedor|modalita sviluppatore|режим разработчика|开发者模式|開発者モード|개발자 모드|وضع المطور|डेवलपर मोड|越狱|джеилбреик*',
    'wnvyoernx|kaerbliaj',
  ],
  unrestricted: [
    "no restrictions|without restriction*|without any restriction*|no limitations|without limitations|no rules|without rules|no filter*|without filter*|unfiltered|uncensored|unrestricted|amoral|immoral|unethical|no ethic*|without ethic*|no moral*|without moral*|ethical guidelines|moral guidelines|no longer bound|not bound by|free from|freed from|broken free|break free|not restricted|confines of|typical confines|content policy|content policies|openai policy|openai policies|openai's|anything goes|regardless of legal*|illegal or*|no censorship|without censorship|ignore ethic*|disregard ethic*|no boundaries|not have to abide|do not have to|don't have to abide|legality|no guidelines|bypass all|safety filter*|not have any*|no warnings|without warnings",
    'ohne einschrankung*|uneingeschrankt*|keine regeln|ohne regeln|unzensiert*|sans restriction*|sans limite*|sans censure|non censure|sin restriccion*|sin limite*|sin censura|sem restric*|sem limite*|sem censura|senza restrizion*|senza limit*|senza censura|без ограничени*|без цензуры|没有限制|不受限制|沒有限制|无限制|没有任何限制|制限なし|制限のない|제한 없이|제한없이|제약 없이|بدون قيود|بلا قيود|बिना किसी प्रतिबंध|बिना प्रतिबंध',
  ],
  comply: [
    "never refuse*|never reject*|cannot refuse|can't refuse|must not refuse|not refuse|never say no|never decline*|must comply|always comply|must obey|always obey|comply with any|comply with all|answer any question*|always answer*|must answer|never says no|never warn*|never say that|stay in character|break character|stay a dan|breaking character|i'm sorry|i am sorry|as an ai language model|as a language model|cannot fulfill|can't fulfill|apologize|apologise|disclaimer*|do not include any warning*|moralize|lecture|never censor*|not censor*|never tell me no",
    'darfst nicht ablehnen|weigere dich nie|ne refuse jamais|nunca rechaz*|nunca te niegues|nunca recus*|non rifiutare mai|никогда не отказыва*|绝不拒绝|不会拒绝|不能拒绝|必须回答|拒否しない|거부하지|لا ترفض أبدا|कभी मना',
  ],
  newRole: [
    "you are now|you will now|from now on|you're now|act as|acting as|pretend*|role play*|roleplay*|role-play*|simulate*|imagine|immerse yourself|take on the role|play the role|your new role|new instructions|new instruction|new task|new rules|new persona|you are going to|you will act|hypothetical*|enter|switch to|respond as|answer as|behave as|become",
    'du bist jetzt|du bist nun|ab jetzt|ab sofort|tu als ob|verhalte dich|tu es maintenant|vous etes maintenant|a partir de maintenant|desormais|agis comme|ahora eres|a partir de ahora|actua como|finge*|voce agora|agora voce|a partir de agora|aja como|ora sei|adesso sei|da ora in poi|fingi|agisci come|теперь ты|отныне|с этого момента|притвор*|веди себя как|现在你是|你现在是|从现在开始|從現在開始|扮演|假装|今からあなたは|これから|ふりをして|이제부터|지금부터|인 척|أنت الآن|من الآن فصاعدا|تظاهر|تصرف كأنك|अब आप|अब से|अब तुम',
  ],
  affix: [
    'sure, here|sure here|absolutely! here|begin your answer with|start your response with|start your answer with|start with "sure|begin with "sure|response with "sure|begin with \'sure|must start with|starting with "sure|should start with|your first word|first sentence must|start every response|begin each response|wnuld start|revertedwith|similarlynow|oppositeley|two answers|two responses|respond twice|both responses|previous prompt:|[/inst|[inst|<<sys>>|<¦im_start|<¦im_end|<¦system|<¦user|<¦endoftext|### system|### instruction|[system]|<system>|</system>|system override|end of prompt|begin new|new session|end of context|[end of|stop. ignore|important message|admin override|system override:',
  ],
  leakTarget: [
    'password*|passphrase|secret key|secret word|the secret|secret code|access code|passcode|api key*|credential*|confidential*|private information|codeword|code word|passwort|mot de passe|contrasena|senha|пароль|пароля|密码|密碼|パスワード|비밀번호|كلمة المرور|كلمة السر|पासवर्ड|classified',
  ],
  about: [
    'prompt injection*|injection attack*|jailbreaking|attacker*|vulnerabilit*|mitigation*|mitigate|threat*|owasp|red team*|security research*|adversar*|angreifer*|schwachstelle*|attaquant*|vulnerabilite*|atacante*|vulnerabilidad*|атакующ*|злоумышленник*|уязвимост*|攻击者|漏洞|攻撃者|脆弱性|공격자|취약점|المهاجم|हमलावर|prompt-injection*',
  ],
  negation: [
    "never|do not|don't|must not|should not|not to|cannot|nicht|niemals|ne pas|jamais|ne revele*|ne divulgue*|ne montre*|no debes|nunca|non|не|不要|不得|しない|하지 마|لا|मत|refuse to|without",
  ],
  guard: [
    "if a user|if the user|if users|if someone|if anyone|if asked|asks you|ask you|asked to|attempts to|attempting to|tries to|try to|even if|in the document*|inside the document*|in retrieved*|in the retrieved*|in tool result*|in the page*|in the email*|in user message*|untrusted|falls|wenn der nutzer|wenn jemand|si l'utilisateur|si el usuario|se o utilizador|se l'utente|если пользователь|如果用户|もしユーザー|사용자가",
  ],
  execute: [
    'execute*|run the|system(|os.system|eval(|rm -rf|subprocess|curl http*|send an email|forward this|click|visit|call the function|base64|decode*|rot13|following string|following code',
  ],
} as const satisfies Record<string, readonly string[]>;

export type Concept = keyof typeof concepts;
export const conceptNames: readonly Concept[] = Object.keys(concepts) as Concept[]; // the object's own keys, in order
