"""Words that drafting goes by when it looks at a sentence; English and Spanish, plain letters."""

from __future__ import annotations

from typing import Final

from levelhead.doctrine.reply.stems import stem

_DAYS: Final = (
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri"
    " lunes martes miercoles jueves viernes sabado domingo january february march april june july"
    " august september october november december jan feb mar apr jun jul aug sep sept oct nov dec"
    " enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre"
    " diciembre today tonight tomorrow yesterday noon midnight weekend weekday weekdays weekends"
    " hoy ayer anteayer mediodia medianoche morning afternoon evening night tarde noche madrugada"
    " daily weekly monthly hourly yearly diario semanal mensual"
)
_MONTHS: Final = (
    "january february march april may june july august september october november december jan feb"
    " mar apr jun jul aug sep sept oct nov dec enero febrero marzo abril mayo junio julio agosto"
    " septiembre setiembre octubre noviembre diciembre"
)
_SMALL: Final = (
    "the a an of to in on at for and or is are was were be been being by with from that this"
    " these those it its we our us you your they their there here so as if not no can may do does"
    " did has have had will would should about more any all also when where which who what how"
    " please el la los las un una unos unas de del en y o u e es son fue era ser esta estan este"
    " estas estos esto ese esa eso hay por con para que se al lo le les su sus nos nuestro nuestra"
    " nuestros nuestras usted ustedes puede pueden si ni mas como cuando donde quien cual tambien"
    " ha han he hemos muy sobre"
)
_NOT: Final = (
    "not no never none nobody nothing neither nor without cannot cant wont dont doesnt didnt isnt"
    " arent wasnt werent hasnt havent hadnt shouldnt wouldnt couldnt only except unless nunca"
    " jamas nadie nada ninguno ninguna ningun sin tampoco ni solo solamente excepto salvo unable"
    " prohibited forbidden closed prohibido prohibida cerrado cerrada"
)
_OPENERS: Final = (
    "the a an we our you your it its this that these those there here if for to in on at by from"
    " with and but or so as when while where what which who how why yes no not all any every each"
    " please thank thanks hello hi hey good dear sorry i my they their he she his her more most"
    " some many both after before during since until once under over about because although call"
    " visit see ask send use find read check bring contact come file report write go apply reports"
    " request requests residents officers people anyone everyone nobody crews staff office offices"
    " hours today tomorrow information details questions only also then now know understand hear"
    " appreciate is are was were do does did can could may might should would el la los las un una"
    " unos unas nuestro nuestra nuestros nuestras su sus usted ustedes esto esta este estos estas"
    " eso esa ese si para por en de del al con y pero o como cuando donde que quien cual gracias"
    " hola buenos buenas buen estimado estimada lo le les nos se ya hay puede pueden llame"
    " llamenos visite vea envie pida pregunte consulte traiga venga presente solicite escriba lea"
    " todos todas cada cualquier ademas tambien solo despues antes durante entendemos agradecemos"
    " lamentamos sentimos sabemos oficina oficinas horario informacion vecinos residentes agentes"
    " personal es son fue estamos somos tenemos aqui alli"
)
_GLUE: Final = (
    "please also further more information detail details question questions find see read visit"
    " check ask call contact reach help available answer answers know learn need want use used"
    " begin begins start open there here each every however therefore because then favor tambien"
    " mas informacion detalle detalles pregunta preguntas encontrar ver lea leer visite consulte"
    " llame llamar contacto ayuda disponible respuesta saber necesita quiere usar empieza comienza"
    " abre aqui alli cada porque entonces"
)
# Days, months and parts of a day: each must stand in a source.
DAYS: Final = frozenset(_DAYS.split())
MONTHS: Final = frozenset(_MONTHS.split())
# Say nothing by themselves.
SMALL: Final = frozenset(_SMALL.split())
# Turn a sentence into its opposite, or limit it.
NOT: Final = frozenset(_NOT.split())
# What begins a sentence and is no name.
OPENERS: Final = frozenset(_OPENERS.split())
# Join facts and say nothing of their own.
GLUE: Final = frozenset(stem(word) for word in _GLUE.split())
