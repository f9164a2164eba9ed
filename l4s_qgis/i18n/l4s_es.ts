<?xml version='1.0' encoding='utf-8'?>
<TS version="2.1" language="es" sourcelanguage="en">
  <context>
    <name>l4s</name>
    <message>
      <source>coastal</source>
      <translation>costera</translation>
    </message>
    <message>
      <source>blue</source>
      <translation>azul</translation>
    </message>
    <message>
      <source>green</source>
      <translation>verde</translation>
    </message>
    <message>
      <source>red</source>
      <translation>rojo</translation>
    </message>
    <message>
      <source>red edge 1</source>
      <translation>borde rojo 1</translation>
    </message>
    <message>
      <source>red edge 2</source>
      <translation>borde rojo 2</translation>
    </message>
    <message>
      <source>red edge 3</source>
      <translation>borde rojo 3</translation>
    </message>
    <message>
      <source>near infrared</source>
      <translation>infrarrojo cercano</translation>
    </message>
    <message>
      <source>water vapour</source>
      <translation>vapor de agua</translation>
    </message>
    <message>
      <source>cirrus</source>
      <translation>cirros</translation>
    </message>
    <message>
      <source>shortwave infrared 1</source>
      <translation>infrarrojo de onda corta 1</translation>
    </message>
    <message>
      <source>shortwave infrared 2</source>
      <translation>infrarrojo de onda corta 2</translation>
    </message>
    <message>
      <source>slope</source>
      <translation>pendiente</translation>
    </message>
    <message>
      <source>elevation</source>
      <translation>elevación</translation>
    </message>
    <message>
      <source>Sentinel-2 (simulated)</source>
      <translation>Sentinel-2 (simulado)</translation>
    </message>
    <message>
      <source>Demo data</source>
      <translation>Datos de demostración</translation>
    </message>
    <message>
      <source>Elevation (simulated)</source>
      <translation>Elevación (simulada)</translation>
    </message>
    <message>
      <source>Detect landslides…</source>
      <translation>Detectar deslizamientos…</translation>
    </message>
    <message>
      <source>A simulated scene with {count} landslides is loaded.</source>
      <translation>Se ha cargado una escena simulada con {count} deslizamientos.</translation>
    </message>
    <message>
      <source>left out</source>
      <translation>omitida</translation>
    </message>
    <message>
      <source>Band</source>
      <translation>Banda</translation>
    </message>
    <message>
      <source>Description</source>
      <translation>Descripción</translation>
    </message>
    <message>
      <source>Channel</source>
      <translation>Canal</translation>
    </message>
    <message>
      <source>Without elevation, bare fields and river beds are more often taken for landslides.</source>
      <translation>Sin elevación, los campos desnudos y los cauces se toman más a menudo por deslizamientos.</translation>
    </message>
    <message>
      <source>The elevation and the image do not overlap; check their coordinate reference systems.</source>
      <translation>La elevación y la imagen no se solapan; compruebe sus sistemas de referencia de coordenadas.</translation>
    </message>
    <message>
      <source>The area's layer has no coordinate reference system; set it in the layer's properties.</source>
      <translation>La capa del área no tiene sistema de referencia de coordenadas; defínalo en las propiedades de la capa.</translation>
    </message>
    <message>
      <source>The image is a stack already, with or without a cloud mask; leave “Clouds” at the product's own.</source>
      <translation>La imagen ya es una pila, con o sin máscara de nubes; deje «Nubes» en la propia del producto.</translation>
    </message>
    <message>
      <source>The folder holds an earlier result: its reviewed landslides are kept, all else is replaced.</source>
      <translation>La carpeta contiene un resultado anterior: se conservan sus deslizamientos revisados y se sustituye todo lo demás.</translation>
    </message>
    <message>
      <source>A whole tile: {mpx} million pixels; {time}, {disk} of disk. An area is faster.</source>
      <translation>Una tesela completa: {mpx} millones de píxeles; {time}, {disk} de disco. Un área es más rápida.</translation>
    </message>
    <message>
      <source>s2cloudless needs a Level-1C product; choose another mask under “Clouds”.</source>
      <translation>s2cloudless necesita un producto de nivel 1C; elija otra máscara en «Nubes».</translation>
    </message>
    <message>
      <source>{mpx} million pixels; {time} by this computer's last runs, {disk} of disk.</source>
      <translation>{mpx} millones de píxeles; {time} según las últimas ejecuciones de este equipo, {disk} de disco.</translation>
    </message>
    <message>
      <source>{mpx} million pixels; {time}, {disk} of disk.</source>
      <translation>{mpx} millones de píxeles; {time}, {disk} de disco.</translation>
    </message>
    <message>
      <source>Choose an image layer or a Sentinel-2 product.</source>
      <translation>Elija una capa de imagen o un producto Sentinel-2.</translation>
    </message>
    <message>
      <source>{channels}: given to more than one band.</source>
      <translation>{channels}: asignado a más de una banda.</translation>
    </message>
    <message>
      <source>No band is blue, green or red ({channels} missing); assign them under “Channels”.</source>
      <translation>Ninguna banda es azul, verde o roja (falta {channels}); asígnelas en «Canales».</translation>
    </message>
    <message>
      <source>Missing: {channels}. The bundled model tolerates that; the result is less certain.</source>
      <translation>Faltan: {channels}. El modelo incluido lo tolera; el resultado es menos seguro.</translation>
    </message>
    <message>
      <source>The area holds no polygon; select one or choose another area.</source>
      <translation>El área no contiene ningún polígono; seleccione uno o elija otra área.</translation>
    </message>
    <message>
      <source>The area and the image do not overlap.</source>
      <translation>El área y la imagen no se solapan.</translation>
    </message>
    <message>
      <source>{folder} is no model: a model's folder holds a card.json.</source>
      <translation>{folder} no es un modelo: la carpeta de un modelo contiene un card.json.</translation>
    </message>
    <message>
      <source>Choose a folder for the results.</source>
      <translation>Elija una carpeta para los resultados.</translation>
    </message>
    <message>
      <source>{folder} cannot be written; choose another folder for the results.</source>
      <translation>No se puede escribir en {folder}; elija otra carpeta para los resultados.</translation>
    </message>
    <message>
      <source>The results need about {need}, but only {free} are free there.</source>
      <translation>Los resultados necesitan unos {need}, pero allí solo hay {free} libres.</translation>
    </message>
    <message>
      <source>“{name}” looks like elevation, not like an image.</source>
      <translation>«{name}» parece elevación, no una imagen.</translation>
    </message>
    <message>
      <source>“{name}” cannot be read as elevation.</source>
      <translation>«{name}» no se puede leer como elevación.</translation>
    </message>
    <message>
      <source>{path} does not exist; it may have been moved or renamed.</source>
      <translation>{path} no existe; puede haberse movido o cambiado de nombre.</translation>
    </message>
    <message>
      <source>Detect landslides</source>
      <translation>Detectar deslizamientos</translation>
    </message>
    <message>
      <source>&amp;Detect</source>
      <translation>&amp;Detectar</translation>
    </message>
    <message>
      <source>Landslides: {name}, {time}</source>
      <translation>Deslizamientos: {name}, {time}</translation>
    </message>
    <message>
      <source>Looking at the files…</source>
      <translation>Examinando los archivos…</translation>
    </message>
    <message>
      <source>a few seconds</source>
      <translation>unos segundos</translation>
    </message>
    <message>
      <source>about {n} hours</source>
      <translation>unas {n} horas</translation>
    </message>
    <message>
      <source>about {n} seconds</source>
      <translation>unos {n} segundos</translation>
    </message>
    <message>
      <source>about {n} minutes</source>
      <translation>unos {n} minutos</translation>
    </message>
    <message>
      <source>Elevation and area</source>
      <translation>Elevación y área</translation>
    </message>
    <message>
      <source>Elevation</source>
      <translation>Elevación</translation>
    </message>
    <message>
      <source>A digital elevation model in metres, of any resolution and coordinate reference system; files may be GeoTIFF, .hgt, or zips of ALOS or SRTM</source>
      <translation>Un modelo digital de elevación en metros, de cualquier resolución y sistema de referencia; los archivos pueden ser GeoTIFF, .hgt o zip de ALOS o SRTM</translation>
    </message>
    <message>
      <source>&amp;Elevation</source>
      <translation>&amp;Elevación</translation>
    </message>
    <message>
      <source>&amp;Area</source>
      <translation>&amp;Área</translation>
    </message>
    <message>
      <source>Only selected polygons</source>
      <translation>Solo los polígonos seleccionados</translation>
    </message>
    <message>
      <source>Whole image</source>
      <translation>Imagen completa</translation>
    </message>
    <message>
      <source>Visible map</source>
      <translation>Mapa visible</translation>
    </message>
    <message>
      <source>Polygons of a layer</source>
      <translation>Polígonos de una capa</translation>
    </message>
    <message>
      <source>Image after the event</source>
      <translation>Imagen posterior al evento</translation>
    </message>
    <message>
      <source>&amp;Layer of the project</source>
      <translation>&amp;Capa del proyecto</translation>
    </message>
    <message>
      <source>A raster whose bands are Sentinel-2 channels, as digital numbers (reflectance × 10000) or reflectance</source>
      <translation>Un ráster cuyas bandas son canales de Sentinel-2, como números digitales (reflectancia × 10000) o reflectancia</translation>
    </message>
    <message>
      <source>Se&amp;veral layers</source>
      <translation>&amp;Varias capas</translation>
    </message>
    <message>
      <source>none</source>
      <translation>ninguna</translation>
    </message>
    <message>
      <source>Tick the layers that are bands of the image, as downloaded: B02, B03, B04 …</source>
      <translation>Marque las capas que son bandas de la imagen, tal como se descargan: B02, B03, B04…</translation>
    </message>
    <message>
      <source>Channels</source>
      <translation>Canales</translation>
    </message>
    <message>
      <source>Sentinel-2 &amp;product</source>
      <translation>&amp;Producto Sentinel-2</translation>
    </message>
    <message>
      <source>The zip as downloaded, or MTD_MSIL1C.xml / MTD_MSIL2A.xml inside the SAFE folder; a folder can be dropped here</source>
      <translation>El zip tal como se descargó, o MTD_MSIL1C.xml / MTD_MSIL2A.xml dentro de la carpeta SAFE; aquí se puede soltar una carpeta</translation>
    </message>
    <message>
      <source>Sentinel-2 product</source>
      <translation>Producto Sentinel-2</translation>
    </message>
    <message>
      <source>Zipped product or its metadata</source>
      <translation>Producto comprimido o sus metadatos</translation>
    </message>
    <message>
      <source>Folder…</source>
      <translation>Carpeta…</translation>
    </message>
    <message>
      <source>Choose a SAFE folder, or a folder with one file for each band</source>
      <translation>Elija una carpeta SAFE o una carpeta con un archivo por banda</translation>
    </message>
    <message>
      <source>All channels of Sentinel-2 are there.</source>
      <translation>Están todos los canales de Sentinel-2.</translation>
    </message>
    <message>
      <source>Channels: {n} of {all} found</source>
      <translation>Canales: {n} de {all} encontrados</translation>
    </message>
    <message>
      <source>Missing: {channels}.</source>
      <translation>Faltan: {channels}.</translation>
    </message>
    <message>
      <source>The image has no cloud mask: clouds hide landslides and can look like some. Choose one under “Advanced ▸ Clouds”.</source>
      <translation>La imagen no tiene máscara de nubes: las nubes ocultan deslizamientos y pueden parecerlo. Elija una en «Avanzado ▸ Nubes».</translation>
    </message>
    <message>
      <source>{share} % of the image is cloud, shadow or snow and will not be searched; an image of another date may show it.</source>
      <translation>El {share} % de la imagen es nube, sombra o nieve y no se examinará; una imagen de otra fecha puede mostrarlo.</translation>
    </message>
    <message>
      <source>{n} bands</source>
      <translation>{n} bandas</translation>
    </message>
    <message>
      <source>baseline {number}</source>
      <translation>línea base {number}</translation>
    </message>
    <message>
      <source>offset {value}</source>
      <translation>desplazamiento {value}</translation>
    </message>
    <message>
      <source>Not read: {names}</source>
      <translation>Sin leer: {names}</translation>
    </message>
    <message>
      <source>Looking at the files</source>
      <translation>Examinar los archivos</translation>
    </message>
    <message>
      <source>Choose files</source>
      <translation>Elegir archivos</translation>
    </message>
    <message>
      <source>Files…</source>
      <translation>Archivos…</translation>
    </message>
    <message>
      <source>Light network for fresh landslides in vegetated mountains</source>
      <translation>Red ligera para deslizamientos recientes en montañas con vegetación</translation>
    </message>
    <message>
      <source>the model's</source>
      <translation>el del modelo</translation>
    </message>
    <message>
      <source>Result</source>
      <translation>Resultado</translation>
    </message>
    <message>
      <source>&amp;Folder</source>
      <translation>&amp;Carpeta</translation>
    </message>
    <message>
      <source>The bundled model</source>
      <translation>El modelo incluido</translation>
    </message>
    <message>
      <source>Several models are averaged, and their disagreement becomes the uncertainty</source>
      <translation>Varios modelos se promedian, y su desacuerdo es la incertidumbre</translation>
    </message>
    <message>
      <source>&amp;Models</source>
      <translation>&amp;Modelos</translation>
    </message>
    <message>
      <source>Advanced</source>
      <translation>Avanzado</translation>
    </message>
    <message>
      <source>Image before</source>
      <translation>Imagen anterior</translation>
    </message>
    <message>
      <source>A Sentinel-2 product or image from before the event: adds the change of vegetation and brightness to each landslide</source>
      <translation>Un producto o imagen Sentinel-2 anterior al evento: añade a cada deslizamiento el cambio de vegetación y brillo</translation>
    </message>
    <message>
      <source>Image &amp;before</source>
      <translation>Imagen &amp;anterior</translation>
    </message>
    <message>
      <source>The product's own</source>
      <translation>La propia del producto</translation>
    </message>
    <message>
      <source>Bright ground that is not red (cloud, haze, snow)</source>
      <translation>Suelo brillante que no es rojo (nube, bruma, nieve)</translation>
    </message>
    <message>
      <source>Computed from Level-1C (s2cloudless; needs an extra package)</source>
      <translation>Calculada del nivel 1C (s2cloudless; necesita un paquete adicional)</translation>
    </message>
    <message>
      <source>None</source>
      <translation>Ninguna</translation>
    </message>
    <message>
      <source>What is masked is not searched. Images of a few bands have no mask of their own, and snow and clouds on slopes look like scars in them</source>
      <translation>Lo enmascarado no se examina. Las imágenes de pocas bandas no tienen máscara propia, y en ellas la nieve y las nubes sobre laderas parecen cicatrices</translation>
    </message>
    <message>
      <source>&amp;Clouds</source>
      <translation>&amp;Nubes</translation>
    </message>
    <message>
      <source>The folder of a model that was trained or received; used instead of the above</source>
      <translation>La carpeta de un modelo entrenado o recibido; se usa en lugar de los anteriores</translation>
    </message>
    <message>
      <source>O&amp;wn model</source>
      <translation>Modelo &amp;propio</translation>
    </message>
    <message>
      <source>Probability from which a pixel is landslide; it can be changed at once later, in the review</source>
      <translation>Probabilidad a partir de la cual un píxel es deslizamiento; más tarde, en la revisión, se cambia al instante</translation>
    </message>
    <message>
      <source>&amp;Threshold</source>
      <translation>&amp;Umbral</translation>
    </message>
    <message>
      <source>Landslides below this area are left out</source>
      <translation>Los deslizamientos menores que esta área se omiten</translation>
    </message>
    <message>
      <source>Minimum mapping &amp;unit</source>
      <translation>Unidad &amp;mínima cartografiable</translation>
    </message>
    <message>
      <source>smooth</source>
      <translation>suaves</translation>
    </message>
    <message>
      <source>straight sides</source>
      <translation>lados rectos</translation>
    </message>
    <message>
      <source>exact pixels</source>
      <translation>píxeles exactos</translation>
    </message>
    <message>
      <source>Smooth outlines round the steps of pixels; all areas together change by less than one per cent</source>
      <translation>Los contornos suaves redondean los escalones de los píxeles; todas las áreas juntas cambian menos del uno por ciento</translation>
    </message>
    <message>
      <source>&amp;Outlines</source>
      <translation>&amp;Contornos</translation>
    </message>
    <message>
      <source>one</source>
      <translation>una</translation>
    </message>
    <message>
      <source>four: more even, 4 × slower</source>
      <translation>cuatro: más uniforme, 4 × más lento</translation>
    </message>
    <message>
      <source>eight: most even, 8 × slower</source>
      <translation>ocho: lo más uniforme, 8 × más lento</translation>
    </message>
    <message>
      <source>The image is also looked at mirrored and turned, and the results are averaged</source>
      <translation>La imagen se examina también reflejada y girada, y los resultados se promedian</translation>
    </message>
    <message>
      <source>&amp;Views</source>
      <translation>&amp;Vistas</translation>
    </message>
    <message>
      <source>Sharpen outlines (CRF)</source>
      <translation>Afinar contornos (CRF)</translation>
    </message>
    <message>
      <source>Pulls outlines to edges of the image; needs an extra package</source>
      <translation>Ajusta los contornos a los bordes de la imagen; necesita un paquete adicional</translation>
    </message>
    <message>
      <source>&amp;Device</source>
      <translation>&amp;Dispositivo</translation>
    </message>
    <message>
      <source>Automatic</source>
      <translation>Automático</translation>
    </message>
    <message>
      <source>Processor (CPU)</source>
      <translation>Procesador (CPU)</translation>
    </message>
    <message>
      <source>NVIDIA GPU (CUDA)</source>
      <translation>GPU NVIDIA (CUDA)</translation>
    </message>
    <message>
      <source>the default: {value} m²</source>
      <translation>el predeterminado: {value} m²</translation>
    </message>
    <message>
      <source>the model's: {value}</source>
      <translation>el del modelo: {value}</translation>
    </message>
    <message>
      <source>No landslide found, but that says little here.</source>
      <translation>No se encontró ningún deslizamiento, pero aquí eso dice poco.</translation>
    </message>
    <message>
      <source>{count} landslides found in {seconds} s.</source>
      <translation>{count} deslizamientos encontrados en {seconds} s.</translation>
    </message>
    <message>
      <source>No landslide found. The layer “Probability” shows where it was closest; a lower threshold finds more.</source>
      <translation>No se encontró ningún deslizamiento. La capa «Probabilidad» muestra dónde estuvo más cerca; un umbral menor encuentra más.</translation>
    </message>
    <message>
      <source>clouds and their shadows</source>
      <translation>las nubes y sus sombras</translation>
    </message>
    <message>
      <source>snow or missing data</source>
      <translation>la nieve o la falta de datos</translation>
    </message>
    <message>
      <source>Open report</source>
      <translation>Abrir informe</translation>
    </message>
    <message>
      <source>no cloud mask</source>
      <translation>sin máscara de nubes</translation>
    </message>
    <message>
      <source>The image has no cloud mask: clouds hide landslides and can look like some. Choose a mask under “Advanced ▸ Clouds”, or look at the image before you trust the map.</source>
      <translation>La imagen no tiene máscara de nubes: las nubes ocultan deslizamientos y pueden parecerlo. Elija una máscara en «Avanzado ▸ Nubes» o mire la imagen antes de confiar en el mapa.</translation>
    </message>
    <message>
      <source>no elevation</source>
      <translation>sin elevación</translation>
    </message>
    <message>
      <source>There was no elevation: most landslides are missed or bare fields are drawn. Choose an elevation model and detect again.</source>
      <translation>No había elevación: faltan la mayoría de los deslizamientos o se dibujan campos desnudos. Elija un modelo de elevación y detecte de nuevo.</translation>
    </message>
    <message>
      <source>Add to the map</source>
      <translation>Añadir al mapa</translation>
    </message>
    <message>
      <source>Details</source>
      <translation>Detalles</translation>
    </message>
    <message>
      <source>{n} warnings</source>
      <translation>{n} avisos</translation>
    </message>
    <message>
      <source>Mind: {doubts}.</source>
      <translation>Tenga en cuenta: {doubts}.</translation>
    </message>
    <message>
      <source>Review</source>
      <translation>Revisar</translation>
    </message>
    <message>
      <source>{share} % of the ground is hidden</source>
      <translation>el {share} % del terreno está oculto</translation>
    </message>
    <message>
      <source>{share} % of the ground was not searched, mostly because of {why}; use an image of another date for it.</source>
      <translation>El {share} % del terreno no se examinó, sobre todo por {why}; use para él una imagen de otra fecha.</translation>
    </message>
    <message>
      <source>elevation for {share} % only</source>
      <translation>elevación solo para el {share} %</translation>
    </message>
    <message>
      <source>The elevation covers {share} % of the ground only; in the rest most landslides are missed. Add the missing elevation.</source>
      <translation>La elevación cubre solo el {share} % del terreno; en el resto faltan la mayoría de los deslizamientos. Añada la elevación que falta.</translation>
    </message>
    <message>
      <source>Stopping…</source>
      <translation>Deteniendo…</translation>
    </message>
    <message>
      <source>Starting the engine…</source>
      <translation>Iniciando el motor…</translation>
    </message>
    <message>
      <source>Stop</source>
      <translation>Detener</translation>
    </message>
    <message>
      <source>It failed without saying why.</source>
      <translation>Falló sin decir por qué.</translation>
    </message>
    <message>
      <source>Something went wrong in the landslide plugin; your data is untouched. Please report it with the diagnostics.</source>
      <translation>Algo salió mal en el complemento de deslizamientos; sus datos están intactos. Comuníquelo, por favor, con el diagnóstico.</translation>
    </message>
    <message>
      <source>Copy diagnostics</source>
      <translation>Copiar diagnóstico</translation>
    </message>
    <message>
      <source>Landslides</source>
      <translation>Deslizamientos</translation>
    </message>
    <message>
      <source>Landslide</source>
      <translation>Deslizamiento</translation>
    </message>
    <message>
      <source>Review status</source>
      <translation>Estado de revisión</translation>
    </message>
    <message>
      <source>Reason of rejection</source>
      <translation>Motivo de rechazo</translation>
    </message>
    <message>
      <source>Reviewer</source>
      <translation>Revisor</translation>
    </message>
    <message>
      <source>Reviewed on</source>
      <translation>Revisado el</translation>
    </message>
    <message>
      <source>Notes</source>
      <translation>Notas</translation>
    </message>
    <message>
      <source>Confidence (USGS)</source>
      <translation>Confianza (USGS)</translation>
    </message>
    <message>
      <source>Flags</source>
      <translation>Indicaciones</translation>
    </message>
    <message>
      <source>Probability, mean</source>
      <translation>Probabilidad, media</translation>
    </message>
    <message>
      <source>Probability, minimum</source>
      <translation>Probabilidad, mínima</translation>
    </message>
    <message>
      <source>Probability, maximum</source>
      <translation>Probabilidad, máxima</translation>
    </message>
    <message>
      <source>Uncertainty, mean</source>
      <translation>Incertidumbre, media</translation>
    </message>
    <message>
      <source>Agreement of members</source>
      <translation>Acuerdo de los miembros</translation>
    </message>
    <message>
      <source>Landslide type</source>
      <translation>Tipo de deslizamiento</translation>
    </message>
    <message>
      <source>Material</source>
      <translation>Material</translation>
    </message>
    <message>
      <source>Trigger</source>
      <translation>Desencadenante</translation>
    </message>
    <message>
      <source>Event</source>
      <translation>Evento</translation>
    </message>
    <message>
      <source>Not before</source>
      <translation>No antes de</translation>
    </message>
    <message>
      <source>Not after</source>
      <translation>No después de</translation>
    </message>
    <message>
      <source>Area (m²)</source>
      <translation>Área (m²)</translation>
    </message>
    <message>
      <source>Perimeter (m)</source>
      <translation>Perímetro (m)</translation>
    </message>
    <message>
      <source>Length along the fall line (m)</source>
      <translation>Longitud en la línea de máxima pendiente (m)</translation>
    </message>
    <message>
      <source>Width across the fall line (m)</source>
      <translation>Anchura transversal (m)</translation>
    </message>
    <message>
      <source>Longest axis (m)</source>
      <translation>Eje más largo (m)</translation>
    </message>
    <message>
      <source>Elongation</source>
      <translation>Alargamiento</translation>
    </message>
    <message>
      <source>Compactness</source>
      <translation>Compacidad</translation>
    </message>
    <message>
      <source>Pixels</source>
      <translation>Píxeles</translation>
    </message>
    <message>
      <source>Amalgamated</source>
      <translation>Amalgamado</translation>
    </message>
    <message>
      <source>Elevation, minimum (m)</source>
      <translation>Elevación, mínima (m)</translation>
    </message>
    <message>
      <source>Elevation, maximum (m)</source>
      <translation>Elevación, máxima (m)</translation>
    </message>
    <message>
      <source>Relief (m)</source>
      <translation>Desnivel (m)</translation>
    </message>
    <message>
      <source>Slope, mean (°)</source>
      <translation>Pendiente, media (°)</translation>
    </message>
    <message>
      <source>Aspect, mean (°)</source>
      <translation>Orientación, media (°)</translation>
    </message>
    <message>
      <source>Source, longitude (°)</source>
      <translation>Origen, longitud (°)</translation>
    </message>
    <message>
      <source>Source, latitude (°)</source>
      <translation>Origen, latitud (°)</translation>
    </message>
    <message>
      <source>Toe, longitude (°)</source>
      <translation>Pie, longitud (°)</translation>
    </message>
    <message>
      <source>Toe, latitude (°)</source>
      <translation>Pie, latitud (°)</translation>
    </message>
    <message>
      <source>Distance to image edge (m)</source>
      <translation>Distancia al borde de la imagen (m)</translation>
    </message>
    <message>
      <source>Distance to masked area (m)</source>
      <translation>Distancia al área enmascarada (m)</translation>
    </message>
    <message>
      <source>NDVI, mean</source>
      <translation>NDVI, medio</translation>
    </message>
    <message>
      <source>NDVI change</source>
      <translation>Cambio del NDVI</translation>
    </message>
    <message>
      <source>Brightness change (DN)</source>
      <translation>Cambio de brillo (DN)</translation>
    </message>
    <message>
      <source>Volume estimate (m³)</source>
      <translation>Volumen estimado (m³)</translation>
    </message>
    <message>
      <source>Volume, lower bound (m³)</source>
      <translation>Volumen, límite inferior (m³)</translation>
    </message>
    <message>
      <source>Volume, upper bound (m³)</source>
      <translation>Volumen, límite superior (m³)</translation>
    </message>
    <message>
      <source>Model</source>
      <translation>Modelo</translation>
    </message>
    <message>
      <source>Model digest</source>
      <translation>Huella digital del modelo</translation>
    </message>
    <message>
      <source>Engine version</source>
      <translation>Versión del motor</translation>
    </message>
    <message>
      <source>Threshold</source>
      <translation>Umbral</translation>
    </message>
    <message>
      <source>Images</source>
      <translation>Imágenes</translation>
    </message>
    <message>
      <source>Elevation model</source>
      <translation>Modelo de elevación</translation>
    </message>
    <message>
      <source>Detected on</source>
      <translation>Detectado el</translation>
    </message>
    <message>
      <source>Kept from run</source>
      <translation>Conservado de la ejecución</translation>
    </message>
    <message>
      <source>Type and event</source>
      <translation>Tipo y evento</translation>
    </message>
    <message>
      <source>Size and terrain</source>
      <translation>Tamaño y terreno</translation>
    </message>
    <message>
      <source>Surroundings</source>
      <translation>Entorno</translation>
    </message>
    <message>
      <source>Origin</source>
      <translation>Procedencia</translation>
    </message>
    <message>
      <source>Pending</source>
      <translation>Pendiente</translation>
    </message>
    <message>
      <source>Needs review</source>
      <translation>Volver a mirar</translation>
    </message>
    <message>
      <source>Accepted</source>
      <translation>Aceptado</translation>
    </message>
    <message>
      <source>Edited</source>
      <translation>Editado</translation>
    </message>
    <message>
      <source>Rejected</source>
      <translation>Rechazado</translation>
    </message>
    <message>
      <source>No status</source>
      <translation>Sin estado</translation>
    </message>
    <message>
      <source>Pending: not looked at yet</source>
      <translation>Pendiente: aún no examinado</translation>
    </message>
    <message>
      <source>Needs review: a second look is asked for</source>
      <translation>Volver a mirar: se pide una segunda mirada</translation>
    </message>
    <message>
      <source>Accepted: a landslide, outline as detected</source>
      <translation>Aceptado: un deslizamiento, contorno como se detectó</translation>
    </message>
    <message>
      <source>Edited: a landslide, outline or attributes corrected</source>
      <translation>Editado: un deslizamiento, contorno o atributos corregidos</translation>
    </message>
    <message>
      <source>Rejected: not a landslide</source>
      <translation>Rechazado: no es un deslizamiento</translation>
    </message>
    <message>
      <source>Bare soil or ploughed field</source>
      <translation>Suelo desnudo o campo arado</translation>
    </message>
    <message>
      <source>River bed or bank</source>
      <translation>Cauce u orilla de río</translation>
    </message>
    <message>
      <source>Road, quarry or building site</source>
      <translation>Carretera, cantera u obra</translation>
    </message>
    <message>
      <source>Clear-cut or burnt area</source>
      <translation>Tala o área quemada</translation>
    </message>
    <message>
      <source>Cloud, shadow or snow</source>
      <translation>Nube, sombra o nieve</translation>
    </message>
    <message>
      <source>Bare rock or scree, not recent</source>
      <translation>Roca desnuda o derrubios, no recientes</translation>
    </message>
    <message>
      <source>Older than the event</source>
      <translation>Anterior al evento</translation>
    </message>
    <message>
      <source>Part of another landslide</source>
      <translation>Parte de otro deslizamiento</translation>
    </message>
    <message>
      <source>Other, see the notes</source>
      <translation>Otro, véanse las notas</translation>
    </message>
    <message>
      <source>8 High confidence in extent or nature</source>
      <translation>8 Alta confianza en la extensión o naturaleza</translation>
    </message>
    <message>
      <source>5 Confident</source>
      <translation>5 Seguro</translation>
    </message>
    <message>
      <source>3 Likely</source>
      <translation>3 Verosímil</translation>
    </message>
    <message>
      <source>2 Probable</source>
      <translation>2 Probable</translation>
    </message>
    <message>
      <source>1 Possible</source>
      <translation>1 Posible</translation>
    </message>
    <message>
      <source>Fall</source>
      <translation>Desprendimiento</translation>
    </message>
    <message>
      <source>Topple</source>
      <translation>Vuelco</translation>
    </message>
    <message>
      <source>Rotational slide</source>
      <translation>Deslizamiento rotacional</translation>
    </message>
    <message>
      <source>Translational or planar slide</source>
      <translation>Deslizamiento traslacional o planar</translation>
    </message>
    <message>
      <source>Wedge, compound or irregular slide</source>
      <translation>Deslizamiento en cuña, compuesto o irregular</translation>
    </message>
    <message>
      <source>Spread</source>
      <translation>Propagación lateral</translation>
    </message>
    <message>
      <source>Debris flow</source>
      <translation>Flujo de derrubios</translation>
    </message>
    <message>
      <source>Mud flow</source>
      <translation>Flujo de lodo</translation>
    </message>
    <message>
      <source>Earthflow</source>
      <translation>Flujo de tierra</translation>
    </message>
    <message>
      <source>Debris or rock avalanche</source>
      <translation>Avalancha de derrubios o roca</translation>
    </message>
    <message>
      <source>Dry flow or flow slide</source>
      <translation>Flujo seco o deslizamiento fluido</translation>
    </message>
    <message>
      <source>Slope deformation or creep</source>
      <translation>Deformación de ladera o reptación</translation>
    </message>
    <message>
      <source>Complex</source>
      <translation>Complejo</translation>
    </message>
    <message>
      <source>Unknown</source>
      <translation>Desconocido</translation>
    </message>
    <message>
      <source>Rock</source>
      <translation>Roca</translation>
    </message>
    <message>
      <source>Debris</source>
      <translation>Derrubios</translation>
    </message>
    <message>
      <source>Earth</source>
      <translation>Tierra</translation>
    </message>
    <message>
      <source>Mixed</source>
      <translation>Mixto</translation>
    </message>
    <message>
      <source>Rainfall</source>
      <translation>Lluvia</translation>
    </message>
    <message>
      <source>Earthquake</source>
      <translation>Terremoto</translation>
    </message>
    <message>
      <source>Snowmelt or thaw</source>
      <translation>Deshielo</translation>
    </message>
    <message>
      <source>Volcanic activity</source>
      <translation>Actividad volcánica</translation>
    </message>
    <message>
      <source>Undercutting by a river</source>
      <translation>Socavación por un río</translation>
    </message>
    <message>
      <source>Construction, mining or other human activity</source>
      <translation>Construcción, minería u otra actividad humana</translation>
    </message>
    <message>
      <source>Other</source>
      <translation>Otro</translation>
    </message>
    <message>
      <source>Landslides: help</source>
      <translation>Deslizamientos: ayuda</translation>
    </message>
    <message>
      <source>Probability</source>
      <translation>Probabilidad</translation>
    </message>
    <message>
      <source>Uncertainty</source>
      <translation>Incertidumbre</translation>
    </message>
    <message>
      <source>Before the event</source>
      <translation>Antes del evento</translation>
    </message>
    <message>
      <source>Legend</source>
      <translation>Leyenda</translation>
    </message>
    <message>
      <source>Contains modified Copernicus Sentinel data.</source>
      <translation>Contiene datos modificados de Copernicus Sentinel.</translation>
    </message>
    <message>
      <source>Drawn on {date} with l4s.</source>
      <translation>Dibujado el {date} con l4s.</translation>
    </message>
    <message>
      <source>Image: {names}</source>
      <translation>Imagen: {names}</translation>
    </message>
    <message>
      <source>Elevation: {names}</source>
      <translation>Elevación: {names}</translation>
    </message>
    <message>
      <source>Model: {names}</source>
      <translation>Modelo: {names}</translation>
    </message>
    <message>
      <source>Stopped on request. The same folder goes on from where it stopped; delete it if you do not need it.</source>
      <translation>Detenido a petición. La misma carpeta continúa donde se detuvo; bórrela si no la necesita.</translation>
    </message>
    <message>
      <source>The engine's Python could not be started. Open “Landslides ▸ Engine…” and repair it or choose another one.</source>
      <translation>No se pudo iniciar el Python del motor. Abra «Deslizamientos ▸ Motor…» y repárelo o elija otro.</translation>
    </message>
    <message>
      <source>The engine ended unexpectedly; QGIS is not affected. Often memory ran out: close other programs or choose a smaller area, and try again.</source>
      <translation>El motor terminó de forma inesperada; QGIS no está afectado. A menudo se agota la memoria: cierre otros programas o elija un área menor e inténtelo de nuevo.</translation>
    </message>
    <message>
      <source>The engine stopped without saying why; the details show its last lines.</source>
      <translation>El motor se detuvo sin decir por qué; los detalles muestran sus últimas líneas.</translation>
    </message>
    <message>
      <source>The engine ended without a result. Open “Landslides ▸ Engine…” and repair it.</source>
      <translation>El motor terminó sin resultado. Abra «Deslizamientos ▸ Motor…» y repárelo.</translation>
    </message>
    <message>
      <source>The engine is not installed in the chosen Python. Open “Landslides ▸ Engine…” and repair it or choose another one.</source>
      <translation>El motor no está instalado en el Python elegido. Abra «Deslizamientos ▸ Motor…» y repárelo o elija otro.</translation>
    </message>
    <message>
      <source>The engine's version does not fit this plugin. Open “Landslides ▸ Engine…” and update it.</source>
      <translation>La versión del motor no corresponde a este complemento. Abra «Deslizamientos ▸ Motor…» y actualícelo.</translation>
    </message>
    <message>
      <source>The engine is not installed yet. Open “Landslides ▸ Engine…” and install it; that is needed only once.</source>
      <translation>El motor aún no está instalado. Abra «Deslizamientos ▸ Motor…» e instálelo; solo hace falta una vez.</translation>
    </message>
    <message>
      <source>The engine belongs to another version of this plugin. Open “Landslides ▸ Engine…” and update it.</source>
      <translation>El motor pertenece a otra versión de este complemento. Abra «Deslizamientos ▸ Motor…» y actualícelo.</translation>
    </message>
    <message>
      <source>The engine's folder is damaged or was removed. Open “Landslides ▸ Engine…” and repair it.</source>
      <translation>La carpeta del motor está dañada o se eliminó. Abra «Deslizamientos ▸ Motor…» y repárelo.</translation>
    </message>
    <message>
      <source>A file or folder does not exist; it may have been moved or renamed.</source>
      <translation>Un archivo o carpeta no existe; puede haberse movido o cambiado de nombre.</translation>
    </message>
    <message>
      <source>A file cannot be read: it is damaged, incomplete or of another format.</source>
      <translation>No se puede leer un archivo: está dañado, incompleto o es de otro formato.</translation>
    </message>
    <message>
      <source>The Sentinel-2 or DEM product is incomplete or contradicts itself; download it again.</source>
      <translation>El producto Sentinel-2 o de elevación está incompleto o se contradice; descárguelo de nuevo.</translation>
    </message>
    <message>
      <source>Channels are missing or not named; set them by hand in the list of channels or choose another model.</source>
      <translation>Faltan canales o no tienen nombre; asígnelos a mano en la lista de canales o elija otro modelo.</translation>
    </message>
    <message>
      <source>The rasters do not fit together.</source>
      <translation>Los rásteres no encajan entre sí.</translation>
    </message>
    <message>
      <source>A layer has no coordinate reference system; set it in the layer's properties.</source>
      <translation>Una capa no tiene sistema de referencia de coordenadas; defínalo en las propiedades de la capa.</translation>
    </message>
    <message>
      <source>The image, the DEM and the area do not cover any common ground; check their coordinate reference systems.</source>
      <translation>La imagen, la elevación y el área no cubren ningún terreno común; compruebe sus sistemas de referencia de coordenadas.</translation>
    </message>
    <message>
      <source>There are no, or too few, pixels with data in the area.</source>
      <translation>No hay píxeles con datos en el área, o son demasiado pocos.</translation>
    </message>
    <message>
      <source>An option makes no sense.</source>
      <translation>Una opción no tiene sentido.</translation>
    </message>
    <message>
      <source>The labelled data cannot be used.</source>
      <translation>No se pueden usar los datos etiquetados.</translation>
    </message>
    <message>
      <source>The model cannot be loaded.</source>
      <translation>No se puede cargar el modelo.</translation>
    </message>
    <message>
      <source>A file of the model is damaged or was changed; copy the model again.</source>
      <translation>Un archivo del modelo está dañado o fue modificado; copie el modelo de nuevo.</translation>
    </message>
    <message>
      <source>The model's weights are in a format that could run any code, and are refused.</source>
      <translation>Los pesos del modelo están en un formato que podría ejecutar cualquier código y se rechazan.</translation>
    </message>
    <message>
      <source>The inventory cannot be used.</source>
      <translation>No se puede usar el inventario.</translation>
    </message>
    <message>
      <source>The results cannot be written; choose a folder in which you may write.</source>
      <translation>No se pueden escribir los resultados; elija una carpeta en la que pueda escribir.</translation>
    </message>
    <message>
      <source>Another run works in this folder at the moment; wait until it is done, or choose another folder.</source>
      <translation>Otra ejecución trabaja ahora en esta carpeta; espere a que termine o elija otra carpeta.</translation>
    </message>
    <message>
      <source>The disk is full; free some space or choose another output folder.</source>
      <translation>El disco está lleno; libere espacio o elija otra carpeta de salida.</translation>
    </message>
    <message>
      <source>This needs the full installation. Open “Landslides ▸ Engine…” and install it.</source>
      <translation>Esto necesita la instalación completa. Abra «Deslizamientos ▸ Motor…» e instálela.</translation>
    </message>
    <message>
      <source>The chosen device cannot be used; choose “Automatic” or “CPU”.</source>
      <translation>No se puede usar el dispositivo elegido; elija «Automático» o «CPU».</translation>
    </message>
    <message>
      <source>Something that was given cannot be used.</source>
      <translation>No se puede usar algo de lo indicado.</translation>
    </message>
    <message>
      <source>The engine met a bug. Please report it with the details.</source>
      <translation>El motor encontró un error de programación. Comuníquelo con los detalles.</translation>
    </message>
    <message>
      <source>A part of the ground has no elevation; most landslides are missed there. Add the missing elevation.</source>
      <translation>Una parte del terreno no tiene elevación; allí faltan la mayoría de los deslizamientos. Añada la elevación que falta.</translation>
    </message>
    <message>
      <source>The stack's pixels are not of 10 m, for which models are made: expect landslides to be missed or invented. Choose the original image instead of the stack.</source>
      <translation>Los píxeles de la pila no son de 10 m, para los que se hacen los modelos: faltarán deslizamientos o se inventarán. Elija la imagen original en lugar de la pila.</translation>
    </message>
    <message>
      <source>The folder held a stopped run of another image, model or setting; it was discarded, and the detection began anew.</source>
      <translation>La carpeta contenía una ejecución detenida con otra imagen, modelo o ajuste; se descartó y la detección empezó de nuevo.</translation>
    </message>
    <message>
      <source>The folder holds files of an earlier run that tell nothing of this one; remove them where they are not needed.</source>
      <translation>La carpeta contiene archivos de una ejecución anterior que no dicen nada de esta; elimínelos si no hacen falta.</translation>
    </message>
    <message>
      <source>A band covers only part of the ground of the others; the rest of it has no data.</source>
      <translation>Una banda cubre solo una parte del terreno de las demás; en el resto no tiene datos.</translation>
    </message>
    <message>
      <source>The images before and after are the same, or one is brighter throughout: their change tells nothing. Check both.</source>
      <translation>Las imágenes de antes y de después son la misma, o una es más clara en todas partes: su cambio no dice nada. Compruebe ambas.</translation>
    </message>
    <message>
      <source>The image is far coarser than the 10 m for which models are made; small landslides will be missed.</source>
      <translation>La imagen es mucho más gruesa que los 10 m para los que se hacen los modelos; faltarán deslizamientos pequeños.</translation>
    </message>
    <message>
      <source>The products are of different dates; seams may show between them.</source>
      <translation>Los productos son de fechas distintas; pueden verse costuras entre ellos.</translation>
    </message>
    <message>
      <source>The elevation covers a part of the area only; in the rest most landslides are missed. Add the missing elevation.</source>
      <translation>La elevación cubre solo una parte del área; en el resto faltan la mayoría de los deslizamientos. Añada la elevación que falta.</translation>
    </message>
    <message>
      <source>The image before or after has no red or near infrared: the change of vegetation stays unknown.</source>
      <translation>La imagen anterior o posterior no tiene rojo o infrarrojo cercano: el cambio de la vegetación queda desconocido.</translation>
    </message>
    <message>
      <source>The darkest pixels contradict the offset that the product states; brightness may be wrong. Compare it with another product of the place.</source>
      <translation>Los píxeles más oscuros contradicen el desplazamiento que declara el producto; el brillo puede ser erróneo. Compárelo con otro producto del lugar.</translation>
    </message>
    <message>
      <source>Nothing tells whether the image carries the offset of products since 2022; brightness may be wrong. Prefer the product as downloaded over an export.</source>
      <translation>Nada dice si la imagen lleva el desplazamiento de los productos desde 2022; el brillo puede ser erróneo. Prefiera el producto descargado a una exportación.</translation>
    </message>
    <message>
      <source>Slopes lie outside 0° to 90°: they are not in degrees, or hold values for no data that are not declared.</source>
      <translation>Hay pendientes fuera de 0° a 90°: no están en grados, o contienen valores sin datos que no se declaran.</translation>
    </message>
    <message>
      <source>Slopes are so small that they may be in radians; models need degrees. Choose an elevation model instead.</source>
      <translation>Las pendientes son tan pequeñas que pueden estar en radianes; los modelos necesitan grados. Elija mejor un modelo de elevación.</translation>
    </message>
    <message>
      <source>A value that the file does not declare was taken for missing data.</source>
      <translation>Un valor que el archivo no declara se tomó por falta de datos.</translation>
    </message>
    <message>
      <source>Landslides that touch are not split as before, because the raster for it is not there.</source>
      <translation>Los deslizamientos que se tocan no se separan como antes, porque falta el ráster para ello.</translation>
    </message>
    <message>
      <source>One area is too large to be split and stays whole.</source>
      <translation>Un área es demasiado grande para dividirla y queda entera.</translation>
    </message>
    <message>
      <source>The engine reported “{code}”.</source>
      <translation>El motor comunicó «{code}».</translation>
    </message>
    <message>
      <source>Natural colour</source>
      <translation>Color natural</translation>
    </message>
    <message>
      <source>False colour</source>
      <translation>Falso color</translation>
    </message>
    <message>
      <source>Find landslides in a Sentinel-2 image</source>
      <translation>Encontrar deslizamientos en una imagen Sentinel-2</translation>
    </message>
    <message>
      <source>Review landslides</source>
      <translation>Revisar deslizamientos</translation>
    </message>
    <message>
      <source>Accept, reject and correct landslides one by one</source>
      <translation>Aceptar, rechazar y corregir deslizamientos uno a uno</translation>
    </message>
    <message>
      <source>Engine…</source>
      <translation>Motor…</translation>
    </message>
    <message>
      <source>Install, repair or choose the engine</source>
      <translation>Instalar, reparar o elegir el motor</translation>
    </message>
    <message>
      <source>Load or detect landslides first; the layout shows them.</source>
      <translation>Cargue o detecte primero deslizamientos; la composición los muestra.</translation>
    </message>
    <message>
      <source>Statistics</source>
      <translation>Estadísticas</translation>
    </message>
    <message>
      <source>Print layout…</source>
      <translation>Composición de impresión…</translation>
    </message>
    <message>
      <source>Options…</source>
      <translation>Opciones…</translation>
    </message>
    <message>
      <source>Help</source>
      <translation>Ayuda</translation>
    </message>
    <message>
      <source>Print layout</source>
      <translation>Composición de impresión</translation>
    </message>
    <message>
      <source>Bringing image and elevation onto one grid</source>
      <translation>Llevando imagen y elevación a una misma rejilla</translation>
    </message>
    <message>
      <source>Comparing with the image before</source>
      <translation>Comparando con la imagen anterior</translation>
    </message>
    <message>
      <source>Measuring the scene</source>
      <translation>Midiendo la escena</translation>
    </message>
    <message>
      <source>Looking for landslides</source>
      <translation>Buscando deslizamientos</translation>
    </message>
    <message>
      <source>Writing the probability</source>
      <translation>Escribiendo la probabilidad</translation>
    </message>
    <message>
      <source>Looking for the threshold</source>
      <translation>Buscando el umbral</translation>
    </message>
    <message>
      <source>Applying the threshold</source>
      <translation>Aplicando el umbral</translation>
    </message>
    <message>
      <source>Drawing outlines</source>
      <translation>Dibujando contornos</translation>
    </message>
    <message>
      <source>Measuring landslides</source>
      <translation>Midiendo deslizamientos</translation>
    </message>
    <message>
      <source>Writing the report</source>
      <translation>Escribiendo el informe</translation>
    </message>
    <message>
      <source>Comparing</source>
      <translation>Comparando</translation>
    </message>
    <message>
      <source>Cutting patches</source>
      <translation>Cortando recortes</translation>
    </message>
    <message>
      <source>Reading patches</source>
      <translation>Leyendo recortes</translation>
    </message>
    <message>
      <source>Training</source>
      <translation>Entrenando</translation>
    </message>
    <message>
      <source>Writing the map</source>
      <translation>Escribiendo el mapa</translation>
    </message>
    <message>
      <source>Making the scene</source>
      <translation>Creando la escena</translation>
    </message>
    <message>
      <source>Detection</source>
      <translation>Detección</translation>
    </message>
    <message>
      <source>Inventory</source>
      <translation>Inventario</translation>
    </message>
    <message>
      <source>“{name}” is not a layer that can be read.</source>
      <translation>«{name}» no es una capa que se pueda leer.</translation>
    </message>
    <message>
      <source>“{name}” has no coordinate reference system; set it in the layer's properties.</source>
      <translation>«{name}» no tiene sistema de referencia de coordenadas; defínalo en las propiedades de la capa.</translation>
    </message>
    <message>
      <source>Finds landslides in a Sentinel-2 image with the help of elevation, and writes the probability, the mask, polygons with attributes and a report into a folder. The image is a layer whose bands are Sentinel-2 channels, or a product as downloaded. Without elevation the result is less certain. The engine works in a process of its own.</source>
      <translation>Encuentra deslizamientos en una imagen Sentinel-2 con ayuda de la elevación y escribe la probabilidad, la máscara, polígonos con atributos y un informe en una carpeta. La imagen es una capa cuyas bandas son canales de Sentinel-2, o un producto tal como se descargó. Sin elevación el resultado es menos seguro. El motor trabaja en un proceso propio.</translation>
    </message>
    <message>
      <source>the product's own</source>
      <translation>la propia del producto</translation>
    </message>
    <message>
      <source>bright ground that is not red: cloud, haze and snow</source>
      <translation>suelo brillante que no es rojo: nube, bruma y nieve</translation>
    </message>
    <message>
      <source>computed from Level-1C bands (s2cloudless)</source>
      <translation>calculada de bandas de nivel 1C (s2cloudless)</translation>
    </message>
    <message>
      <source>Cloud mask</source>
      <translation>Máscara de nubes</translation>
    </message>
    <message>
      <source>Image after the event (layer)</source>
      <translation>Imagen posterior al evento (capa)</translation>
    </message>
    <message>
      <source>Or several layers, one for each band</source>
      <translation>O varias capas, una por banda</translation>
    </message>
    <message>
      <source>Channels of all bands, such as B02,B03,B04,- (empty: by description)</source>
      <translation>Canales de todas las bandas, como B02,B03,B04,- (vacío: por la descripción)</translation>
    </message>
    <message>
      <source>Or a Sentinel-2 product (SAFE folder, its MTD_…xml, or zip)</source>
      <translation>O un producto Sentinel-2 (carpeta SAFE, su MTD_…xml o zip)</translation>
    </message>
    <message>
      <source>Area (polygons)</source>
      <translation>Área (polígonos)</translation>
    </message>
    <message>
      <source>Or area (extent)</source>
      <translation>O área (extensión)</translation>
    </message>
    <message>
      <source>The image is a stack already, with or without a cloud mask; choose the cloud mask where the stack is made.</source>
      <translation>La imagen ya es una pila, con o sin máscara de nubes; elija la máscara donde se hace la pila.</translation>
    </message>
    <message>
      <source>Give either an image layer or a Sentinel-2 product.</source>
      <translation>Indique una capa de imagen o un producto Sentinel-2, pero no ambos.</translation>
    </message>
    <message>
      <source>Elevation or slope is among the image's layers; choose it under “Elevation” instead.</source>
      <translation>Entre las capas de la imagen hay elevación o pendiente; elíjala en «Elevación».</translation>
    </message>
    <message>
      <source>Product or image before the event</source>
      <translation>Producto o imagen anterior al evento</translation>
    </message>
    <message>
      <source>Models: names or folders, separated by “;” (empty: the bundled one)</source>
      <translation>Modelos: nombres o carpetas, separados por «;» (vacío: el incluido)</translation>
    </message>
    <message>
      <source>Threshold (empty: the model's)</source>
      <translation>Umbral (vacío: el del modelo)</translation>
    </message>
    <message>
      <source>Minimum mapping unit (m²)</source>
      <translation>Unidad mínima cartografiable (m²)</translation>
    </message>
    <message>
      <source>Views averaged</source>
      <translation>Vistas promediadas</translation>
    </message>
    <message>
      <source>Outlines</source>
      <translation>Contornos</translation>
    </message>
    <message>
      <source>Sharpen outlines along edges of the image (CRF)</source>
      <translation>Afinar contornos según los bordes de la imagen (CRF)</translation>
    </message>
    <message>
      <source>Device (auto, cpu, cuda)</source>
      <translation>Dispositivo (auto, cpu, cuda)</translation>
    </message>
    <message>
      <source>Folder for the results</source>
      <translation>Carpeta para los resultados</translation>
    </message>
    <message>
      <source>Mask</source>
      <translation>Máscara</translation>
    </message>
    <message>
      <source>Report</source>
      <translation>Informe</translation>
    </message>
    <message>
      <source>Number of landslides</source>
      <translation>Número de deslizamientos</translation>
    </message>
    <message>
      <source>four (slower)</source>
      <translation>cuatro (más lento)</translation>
    </message>
    <message>
      <source>eight (slowest)</source>
      <translation>ocho (lo más lento)</translation>
    </message>
    <message>
      <source>The channels cannot be used: {reason}.</source>
      <translation>No se pueden usar los canales: {reason}.</translation>
    </message>
    <message>
      <source>No band of the image is assigned to a channel; assign at least blue, green and red.</source>
      <translation>Ninguna banda de la imagen está asignada a un canal; asigne al menos azul, verde y rojo.</translation>
    </message>
    <message>
      <source>“{name}” cannot be read: its file is damaged, was moved or is of an unknown format.</source>
      <translation>No se puede leer «{name}»: su archivo está dañado, se movió o es de formato desconocido.</translation>
    </message>
    <message>
      <source>“{name}” holds 8-bit colours, not reflectance, as in a screenshot or a preview. Choose the original Sentinel-2 bands.</source>
      <translation>«{name}» contiene colores de 8 bits, no reflectancia, como una captura o una vista previa. Elija las bandas originales de Sentinel-2.</translation>
    </message>
    <message>
      <source>“{name}” comes from a server or is virtual. Save it as a GeoTIFF first (Export ▸ Save As…).</source>
      <translation>«{name}» viene de un servidor o es virtual. Guárdela primero como GeoTIFF (Exportar ▸ Guardar como…).</translation>
    </message>
    <message>
      <source>NASA COOLR table (CSV)</source>
      <translation>Tabla COOLR de la NASA (CSV)</translation>
    </message>
    <message>
      <source>Compare with a reference</source>
      <translation>Comparar con una referencia</translation>
    </message>
    <message>
      <source>Scores an inventory against a reference inventory: found, missed and false landslides, areas, by size class.</source>
      <translation>Puntúa un inventario frente a uno de referencia: deslizamientos encontrados, omitidos y falsos, áreas, por clase de tamaño.</translation>
    </message>
    <message>
      <source>Report of an inventory</source>
      <translation>Informe de un inventario</translation>
    </message>
    <message>
      <source>Writes one HTML file with map, statistics, data used and limits, readable in any browser and on paper.</source>
      <translation>Escribe un archivo HTML con mapa, estadísticas, datos usados y límites, legible en cualquier navegador y en papel.</translation>
    </message>
    <message>
      <source>Export an inventory</source>
      <translation>Exportar un inventario</translation>
    </message>
    <message>
      <source>Writes the reviewed inventory, accepted and edited landslides only or all, in a format for others.</source>
      <translation>Escribe el inventario revisado, solo los deslizamientos aceptados y editados o todos, en un formato para otros.</translation>
    </message>
    <message>
      <source>Reference</source>
      <translation>Referencia</translation>
    </message>
    <message>
      <source>Table</source>
      <translation>Tabla</translation>
    </message>
    <message>
      <source>Stack, for the image below the map</source>
      <translation>Pila, para la imagen bajo el mapa</translation>
    </message>
    <message>
      <source>Probability, for its map</source>
      <translation>Probabilidad, para su mapa</translation>
    </message>
    <message>
      <source>Format</source>
      <translation>Formato</translation>
    </message>
    <message>
      <source>Only accepted and edited landslides</source>
      <translation>Solo deslizamientos aceptados y editados</translation>
    </message>
    <message>
      <source>File</source>
      <translation>Archivo</translation>
    </message>
    <message>
      <source>Landslides (l4s)</source>
      <translation>Deslizamientos (l4s)</translation>
    </message>
    <message>
      <source>Simulated scene</source>
      <translation>Escena simulada</translation>
    </message>
    <message>
      <source>Writes a simulated Sentinel-2 image with landslides, its elevation model and the true outlines, to try a detection and its review without any download.</source>
      <translation>Escribe una imagen Sentinel-2 simulada con deslizamientos, su modelo de elevación y los contornos verdaderos, para probar una detección y su revisión sin descargar nada.</translation>
    </message>
    <message>
      <source>Width and height in pixels of 10 m</source>
      <translation>Anchura y altura en píxeles de 10 m</translation>
    </message>
    <message>
      <source>Number of the landscape</source>
      <translation>Número del paisaje</translation>
    </message>
    <message>
      <source>Folder for the scene</source>
      <translation>Carpeta para la escena</translation>
    </message>
    <message>
      <source>Image</source>
      <translation>Imagen</translation>
    </message>
    <message>
      <source>Stack image and elevation</source>
      <translation>Apilar imagen y elevación</translation>
    </message>
    <message>
      <source>Brings the bands of a Sentinel-2 image or product, elevation and slope onto one 10 m grid, as digital numbers, metres and degrees, with a cloud mask. Useful where several detections are tried on one scene.</source>
      <translation>Lleva las bandas de una imagen o producto Sentinel-2, la elevación y la pendiente a una rejilla de 10 m, como números digitales, metros y grados, con máscara de nubes. Útil cuando se prueban varias detecciones en una escena.</translation>
    </message>
    <message>
      <source>Kernel for bands of 20 m and 60 m</source>
      <translation>Núcleo para las bandas de 20 m y 60 m</translation>
    </message>
    <message>
      <source>Stack</source>
      <translation>Pila</translation>
    </message>
    <message>
      <source>Train a model</source>
      <translation>Entrenar un modelo</translation>
    </message>
    <message>
      <source>Trains a model on labelled patches by a recipe, and writes a bundle that “Detect landslides” takes. Needs the full installation, and a GPU for more than a few patches.</source>
      <translation>Entrena un modelo con recortes etiquetados según una receta y escribe un paquete que acepta «Detectar deslizamientos». Necesita la instalación completa, y una GPU para más de unos pocos recortes.</translation>
    </message>
    <message>
      <source>Adapt a model to a scene</source>
      <translation>Adaptar un modelo a una escena</translation>
    </message>
    <message>
      <source>Trains models further with labelled patches and their own careful guesses on unlabelled ones. Needs the full installation.</source>
      <translation>Sigue entrenando modelos con recortes etiquetados y sus propias conjeturas prudentes sobre otros sin etiquetar. Necesita la instalación completa.</translation>
    </message>
    <message>
      <source>Patches from a reviewed inventory</source>
      <translation>Recortes de un inventario revisado</translation>
    </message>
    <message>
      <source>Cuts a stack and its accepted and edited landslides into labelled patches for “Train a model”. Rejected landslides become background, which is how corrections teach; landslides that are still pending would too, so review the whole area first.</source>
      <translation>Corta una pila y sus deslizamientos aceptados y editados en recortes etiquetados para «Entrenar un modelo». Los rechazados pasan a ser fondo, y así enseñan las correcciones; los pendientes también lo serían, así que revise antes toda el área.</translation>
    </message>
    <message>
      <source>Labelled patches</source>
      <translation>Recortes etiquetados</translation>
    </message>
    <message>
      <source>Recipe: a name or a TOML file</source>
      <translation>Receta: un nombre o un archivo TOML</translation>
    </message>
    <message>
      <source>Settings, such as optimizer.lr=0.001, separated by “;”</source>
      <translation>Ajustes, como optimizer.lr=0.001, separados por «;»</translation>
    </message>
    <message>
      <source>Go on with an interrupted run</source>
      <translation>Continuar una ejecución interrumpida</translation>
    </message>
    <message>
      <source>Folder for the run</source>
      <translation>Carpeta para la ejecución</translation>
    </message>
    <message>
      <source>Models: names or folders, separated by “;”</source>
      <translation>Modelos: nombres o carpetas, separados por «;»</translation>
    </message>
    <message>
      <source>Unlabelled patches</source>
      <translation>Recortes sin etiquetar</translation>
    </message>
    <message>
      <source>Folder for labelled patches</source>
      <translation>Carpeta para los recortes etiquetados</translation>
    </message>
    <message>
      <source>The layer is no landslide inventory: it has no column “status”.</source>
      <translation>La capa no es un inventario de deslizamientos: no tiene la columna «status».</translation>
    </message>
    <message>
      <source>No landslide is accepted or edited yet; review some first.</source>
      <translation>Aún no hay ningún deslizamiento aceptado o editado; revise antes algunos.</translation>
    </message>
    <message>
      <source>Polygons from probability</source>
      <translation>Polígonos de la probabilidad</translation>
    </message>
    <message>
      <source>Draws landslide polygons with all attributes from a probability raster, at any threshold. Where the file exists already, its reviewed polygons are kept and the others are drawn as before.</source>
      <translation>Dibuja polígonos de deslizamientos con todos los atributos a partir de un ráster de probabilidad, con cualquier umbral. Si el archivo ya existe, se conservan sus polígonos revisados y los demás se dibujan como antes.</translation>
    </message>
    <message>
      <source>Stack, for terrain attributes</source>
      <translation>Pila, para los atributos del terreno</translation>
    </message>
    <message>
      <source>GeoPackage</source>
      <translation>GeoPackage</translation>
    </message>
    <message>
      <source>Map for people without a GIS</source>
      <translation>Mapa para personas sin SIG</translation>
    </message>
    <message>
      <source>Open</source>
      <translation>Abrir</translation>
    </message>
    <message>
      <source>New outlines</source>
      <translation>Contornos nuevos</translation>
    </message>
    <message>
      <source>Export landslides</source>
      <translation>Exportar deslizamientos</translation>
    </message>
    <message>
      <source>&amp;Format</source>
      <translation>&amp;Formato</translation>
    </message>
    <message>
      <source>F&amp;ile</source>
      <translation>&amp;Archivo</translation>
    </message>
    <message>
      <source>The stack from which this inventory was made is gone; make it again with “Stack image and elevation”.</source>
      <translation>Ya no está la pila con la que se hizo este inventario; hágala de nuevo con «Apilar imagen y elevación».</translation>
    </message>
    <message>
      <source>Patches for training</source>
      <translation>Recortes para el entrenamiento</translation>
    </message>
    <message>
      <source>The landslides are in QGIS's edit mode. Press “Save edits” first.</source>
      <translation>Los deslizamientos están en el modo de edición de QGIS. Pulse antes «Guardar cambios».</translation>
    </message>
    <message>
      <source>Add to map</source>
      <translation>Añadir al mapa</translation>
    </message>
    <message>
      <source>Export</source>
      <translation>Exportar</translation>
    </message>
    <message>
      <source>Written: {path}</source>
      <translation>Escrito: {path}</translation>
    </message>
    <message>
      <source>{n} landslides are still pending and would be taught as background; decide on them first where you can.</source>
      <translation>{n} deslizamientos siguen pendientes y se enseñarían como fondo; decida antes sobre ellos donde pueda.</translation>
    </message>
    <message>
      <source>QGIS cannot read {path}.</source>
      <translation>QGIS no puede leer {path}.</translation>
    </message>
    <message>
      <source>There is nothing to undo.</source>
      <translation>No hay nada que deshacer.</translation>
    </message>
    <message>
      <source>This landslide was not in view; here it is. Decide now.</source>
      <translation>Este deslizamiento no estaba a la vista; aquí está. Decida ahora.</translation>
    </message>
    <message>
      <source>Decide on many landslides</source>
      <translation>Decidir sobre muchos deslizamientos</translation>
    </message>
    <message>
      <source>&amp;Of</source>
      <translation>&amp;De</translation>
    </message>
    <message>
      <source>does not matter</source>
      <translation>da igual</translation>
    </message>
    <message>
      <source>any flag</source>
      <translation>alguna indicación</translation>
    </message>
    <message>
      <source>no flag</source>
      <translation>ninguna indicación</translation>
    </message>
    <message>
      <source>&amp;Flag</source>
      <translation>&amp;Indicación</translation>
    </message>
    <message>
      <source>Leave landslides alone on which somebody decided</source>
      <translation>No tocar los deslizamientos sobre los que alguien decidió</translation>
    </message>
    <message>
      <source>&amp;Decision</source>
      <translation>&amp;Decisión</translation>
    </message>
    <message>
      <source>&amp;Reason</source>
      <translation>&amp;Motivo</translation>
    </message>
    <message>
      <source>Leave for later</source>
      <translation>Dejar para después</translation>
    </message>
    <message>
      <source>Decides nothing: landslides of this rule come last when you go through the rest</source>
      <translation>No decide nada: los deslizamientos de esta regla vienen al final cuando recorra el resto</translation>
    </message>
    <message>
      <source>Decide</source>
      <translation>Decidir</translation>
    </message>
    <message>
      <source>all landslides</source>
      <translation>todos los deslizamientos</translation>
    </message>
    <message>
      <source>landslides in view</source>
      <translation>deslizamientos a la vista</translation>
    </message>
    <message>
      <source>mean &amp;probability</source>
      <translation>&amp;probabilidad media</translation>
    </message>
    <message>
      <source>&amp;area in m²</source>
      <translation>&amp;área en m²</translation>
    </message>
    <message>
      <source>mean &amp;slope in degrees</source>
      <translation>p&amp;endiente media en grados</translation>
    </message>
    <message>
      <source>No landslide meets this.</source>
      <translation>Ningún deslizamiento lo cumple.</translation>
    </message>
    <message>
      <source>at least</source>
      <translation>al menos</translation>
    </message>
    <message>
      <source>less than</source>
      <translation>menor que</translation>
    </message>
    <message>
      <source>Decide on {n}</source>
      <translation>Decidir sobre {n}</translation>
    </message>
    <message>
      <source>the {n} selected landslides</source>
      <translation>los {n} deslizamientos seleccionados</translation>
    </message>
    <message>
      <source>&lt;b&gt;{n} landslides&lt;/b&gt;, {area} together. One step of undo takes all of it back.</source>
      <translation>&lt;b&gt;{n} deslizamientos&lt;/b&gt;, {area} en total. Un paso de deshacer lo revierte todo.</translation>
    </message>
    <message>
      <source>{n} landslides were taken over; one step of undo takes them back.</source>
      <translation>Se tomaron {n} deslizamientos; un paso de deshacer los revierte.</translation>
    </message>
    <message>
      <source>Written to {n} landslides; new ones get it, too.</source>
      <translation>Escrito en {n} deslizamientos; los nuevos también lo reciben.</translation>
    </message>
    <message>
      <source>Event of all landslides</source>
      <translation>Evento de todos los deslizamientos</translation>
    </message>
    <message>
      <source>Keep what a landslide has already</source>
      <translation>Conservar lo que un deslizamiento ya tiene</translation>
    </message>
    <message>
      <source>&amp;Event</source>
      <translation>&amp;Evento</translation>
    </message>
    <message>
      <source>such as Hokkaido earthquake 2018</source>
      <translation>como Terremoto de Hokkaido 2018</translation>
    </message>
    <message>
      <source>&amp;First day</source>
      <translation>&amp;Primer día</translation>
    </message>
    <message>
      <source>&amp;Last day</source>
      <translation>&amp;Último día</translation>
    </message>
    <message>
      <source>&amp;Trigger</source>
      <translation>&amp;Desencadenante</translation>
    </message>
    <message>
      <source>&amp;Material</source>
      <translation>&amp;Material</translation>
    </message>
    <message>
      <source>T&amp;ype</source>
      <translation>&amp;Tipo</translation>
    </message>
    <message>
      <source>leave as it is</source>
      <translation>dejar como está</translation>
    </message>
    <message>
      <source>&amp;Images</source>
      <translation>&amp;Imágenes</translation>
    </message>
    <message>
      <source>&amp;Reviewer</source>
      <translation>&amp;Revisor</translation>
    </message>
    <message>
      <source>Several reviewers</source>
      <translation>Varios revisores</translation>
    </message>
    <message>
      <source>Hand out parts</source>
      <translation>Repartir partes</translation>
    </message>
    <message>
      <source>Merge decisions</source>
      <translation>Unir decisiones</translation>
    </message>
    <message>
      <source>&amp;Reviewers</source>
      <translation>&amp;Revisores</translation>
    </message>
    <message>
      <source>regions of the map</source>
      <translation>regiones del mapa</translation>
    </message>
    <message>
      <source>in turn, in the order of the queue</source>
      <translation>por turnos, en el orden de la cola</translation>
    </message>
    <message>
      <source>&amp;Divide by</source>
      <translation>&amp;Dividir por</translation>
    </message>
    <message>
      <source>Only landslides on which nobody decided</source>
      <translation>Solo deslizamientos sobre los que nadie decidió</translation>
    </message>
    <message>
      <source>Write one GeoPackage for each</source>
      <translation>Escribir un GeoPackage para cada uno</translation>
    </message>
    <message>
      <source>Choose the reviewers' GeoPackages…</source>
      <translation>Elegir los GeoPackage de los revisores…</translation>
    </message>
    <message>
      <source>Take over</source>
      <translation>Tomar</translation>
    </message>
    <message>
      <source>The reviewers' GeoPackages</source>
      <translation>Los GeoPackage de los revisores</translation>
    </message>
    <message>
      <source>Ada, Ben, Chen</source>
      <translation>Ada, Ben, Chen</translation>
    </message>
    <message>
      <source>No.</source>
      <translation>N.º</translation>
    </message>
    <message>
      <source>What is taken</source>
      <translation>Qué se toma</translation>
    </message>
    <message>
      <source>Name two reviewers or more, with commas between them.</source>
      <translation>Nombre a dos o más revisores, separados por comas.</translation>
    </message>
    <message>
      <source>{agreed} decided alike or by one, {added} drawn, {conflicts} conflicts.</source>
      <translation>{agreed} decididos igual o por uno solo, {added} dibujados, {conflicts} conflictos.</translation>
    </message>
    <message>
      <source>Not an inventory: {names}.</source>
      <translation>No es un inventario: {names}.</translation>
    </message>
    <message>
      <source>{path} is there already; move it away or choose another folder.</source>
      <translation>{path} ya existe; muévalo o elija otra carpeta.</translation>
    </message>
    <message>
      <source>{path} cannot be written; choose another folder.</source>
      <translation>No se puede escribir {path}; elija otra carpeta.</translation>
    </message>
    <message>
      <source>Choose an inventory that “Detect landslides” made.</source>
      <translation>Elija un inventario hecho por «Detectar deslizamientos».</translation>
    </message>
    <message>
      <source>This inventory holds no landslide. Lower the threshold, or click to add one.</source>
      <translation>Este inventario no contiene deslizamientos. Baje el umbral o haga clic para añadir uno.</translation>
    </message>
    <message>
      <source>The first day, {first}, comes after the last, {last}.</source>
      <translation>El primer día, {first}, es posterior al último, {last}.</translation>
    </message>
    <message>
      <source>“{text}” is no day; write it as 2018-09-06.</source>
      <translation>«{text}» no es un día; escríbalo como 2018-09-06.</translation>
    </message>
    <message>
      <source>{left} left of {all} · {good} accepted, {area} · {bad} rejected</source>
      <translation>quedan {left} de {all} · {good} aceptados, {area} · {bad} rechazados</translation>
    </message>
    <message>
      <source>&lt;b&gt;No. {id}&lt;/b&gt; ({position} of {all}), {status}</source>
      <translation>&lt;b&gt;N.º {id}&lt;/b&gt; ({position} de {all}), {status}</translation>
    </message>
    <message>
      <source>{area} m², slope {slope}°, {length} × {width} m</source>
      <translation>{area} m², pendiente {slope}°, {length} × {width} m</translation>
    </message>
    <message>
      <source>Probability {mean} on average, up to {max}</source>
      <translation>Probabilidad {mean} de media, hasta {max}</translation>
    </message>
    <message>
      <source>Measuring the new outline…</source>
      <translation>Midiendo el contorno nuevo…</translation>
    </message>
    <message>
      <source>{n} to look at again</source>
      <translation>{n} para volver a mirar</translation>
    </message>
    <message>
      <source>Added by hand</source>
      <translation>Añadido a mano</translation>
    </message>
    <message>
      <source>“{name}” is no landslide inventory: it has no column “{column}”.</source>
      <translation>«{name}» no es un inventario de deslizamientos: no tiene la columna «{column}».</translation>
    </message>
    <message>
      <source>The decision could not be written: the file is read-only, locked by another program or gone. {reason}</source>
      <translation>No se pudo escribir la decisión: el archivo es de solo lectura, lo bloquea otro programa o ya no está. {reason}</translation>
    </message>
    <message>
      <source>Accept</source>
      <translation>Aceptar</translation>
    </message>
    <message>
      <source>Reject</source>
      <translation>Rechazar</translation>
    </message>
    <message>
      <source>Next</source>
      <translation>Siguiente</translation>
    </message>
    <message>
      <source>Back</source>
      <translation>Atrás</translation>
    </message>
    <message>
      <source>Undo</source>
      <translation>Deshacer</translation>
    </message>
    <message>
      <source>Zoom</source>
      <translation>Acercar</translation>
    </message>
    <message>
      <source>Click to add</source>
      <translation>Añadir con un clic</translation>
    </message>
    <message>
      <source>Draw a polygon</source>
      <translation>Dibujar un polígono</translation>
    </message>
    <message>
      <source>Draw freehand</source>
      <translation>Dibujar a mano alzada</translation>
    </message>
    <message>
      <source>Brush: add</source>
      <translation>Pincel: añadir</translation>
    </message>
    <message>
      <source>Brush: cut</source>
      <translation>Pincel: quitar</translation>
    </message>
    <message>
      <source>Edit vertices</source>
      <translation>Editar vértices</translation>
    </message>
    <message>
      <source>Decide on many</source>
      <translation>Decidir sobre muchos</translation>
    </message>
    <message>
      <source>Confidence</source>
      <translation>Confianza</translation>
    </message>
    <message>
      <source>nothing</source>
      <translation>nada</translation>
    </message>
    <message>
      <source>Second map</source>
      <translation>Segundo mapa</translation>
    </message>
    <message>
      <source>Terrain</source>
      <translation>Terreno</translation>
    </message>
    <message>
      <source>Hillshade of the elevation</source>
      <translation>Sombreado de la elevación</translation>
    </message>
    <message>
      <source>Slope</source>
      <translation>Pendiente</translation>
    </message>
    <message>
      <source>There is no result at this place.</source>
      <translation>No hay resultado en este lugar.</translation>
    </message>
    <message>
      <source>The probability here is {value}, below the threshold of {threshold}; lower it to add this place.</source>
      <translation>La probabilidad aquí es {value}, por debajo del umbral de {threshold}; bájelo para añadir este lugar.</translation>
    </message>
    <message>
      <source>The stroke does not touch the current landslide; nothing was changed.</source>
      <translation>El trazo no toca el deslizamiento actual; no se cambió nada.</translation>
    </message>
    <message>
      <source>Nothing of this landslide would be left; reject it instead.</source>
      <translation>No quedaría nada de este deslizamiento; rechácelo en su lugar.</translation>
    </message>
    <message>
      <source>Select two or more landslides in the map first, with QGIS's selection tool.</source>
      <translation>Seleccione antes dos o más deslizamientos en el mapa, con la herramienta de selección de QGIS.</translation>
    </message>
    <message>
      <source>The layer cannot be edited: its file is read-only or gone.</source>
      <translation>No se puede editar la capa: su archivo es de solo lectura o ya no está.</translation>
    </message>
    <message>
      <source>The edits could not be saved and are still open: {reason}</source>
      <translation>No se pudieron guardar los cambios y siguen abiertos: {reason}</translation>
    </message>
    <message>
      <source>Measuring outlines</source>
      <translation>Midiendo contornos</translation>
    </message>
    <message>
      <source>New outlines could not be measured; their facts stay empty. {reason}</source>
      <translation>No se pudieron medir los contornos nuevos; sus datos quedan vacíos. {reason}</translation>
    </message>
    <message>
      <source>One step of undo takes all of it back.</source>
      <translation>Un paso de deshacer lo revierte todo.</translation>
    </message>
    <message>
      <source>At the threshold {value}: {changed} landslides get another outline and keep their number, {added} are new, {removed} disappear, {same} stay. {kept} on which somebody decided are not touched.</source>
      <translation>Con el umbral {value}: {changed} deslizamientos cambian de contorno y conservan su número, {added} son nuevos, {removed} desaparecen, {same} quedan igual. No se tocan los {kept} sobre los que alguien decidió.</translation>
    </message>
    <message>
      <source>The inventory cannot be copied: {path} is gone or cannot be read.</source>
      <translation>No se puede copiar el inventario: {path} ya no está o no se puede leer.</translation>
    </message>
    <message>
      <source>At the threshold {value} every outline stays as it is.</source>
      <translation>Con el umbral {value} todos los contornos quedan como están.</translation>
    </message>
    <message>
      <source>Nothing of this landslide is left at that threshold; reject it, or lower the threshold.</source>
      <translation>Con ese umbral no queda nada de este deslizamiento; rechácelo o baje el umbral.</translation>
    </message>
    <message>
      <source>about a minute left</source>
      <translation>queda aproximadamente un minuto</translation>
    </message>
    <message>
      <source>about {n} hours left</source>
      <translation>quedan unas {n} horas</translation>
    </message>
    <message>
      <source>about {n} minutes left</source>
      <translation>quedan unos {n} minutos</translation>
    </message>
    <message>
      <source>Order</source>
      <translation>Orden</translation>
    </message>
    <message>
      <source>open only</source>
      <translation>solo abiertos</translation>
    </message>
    <message>
      <source>Pass over landslides on which somebody decided</source>
      <translation>Saltar los deslizamientos sobre los que alguien decidió</translation>
    </message>
    <message>
      <source>Current landslide</source>
      <translation>Deslizamiento actual</translation>
    </message>
    <message>
      <source>Somebody else should look at it; it stays open</source>
      <translation>Debe mirarlo otra persona; queda abierto</translation>
    </message>
    <message>
      <source>Decide on the selection, on all in view, or on all that meet a rule</source>
      <translation>Decidir sobre la selección, sobre todo lo visible o sobre todo lo que cumple una regla</translation>
    </message>
    <message>
      <source>The digits 1 to 9 reject at once with the reason of that number</source>
      <translation>Las cifras 1 a 9 rechazan al instante con el motivo de ese número</translation>
    </message>
    <message>
      <source>Event of all landslides…</source>
      <translation>Evento de todos los deslizamientos…</translation>
    </message>
    <message>
      <source>Event, dates, trigger and material, once for the whole inventory</source>
      <translation>Evento, fechas, desencadenante y material, una vez para todo el inventario</translation>
    </message>
    <message>
      <source>Export…</source>
      <translation>Exportar…</translation>
    </message>
    <message>
      <source>Training patches…</source>
      <translation>Recortes de entrenamiento…</translation>
    </message>
    <message>
      <source>Cuts labelled patches around reviewed landslides, for “Train a model”</source>
      <translation>Corta recortes etiquetados alrededor de deslizamientos revisados, para «Entrenar un modelo»</translation>
    </message>
    <message>
      <source>Reviewers…</source>
      <translation>Revisores…</translation>
    </message>
    <message>
      <source>Hand out parts to several reviewers, and merge their decisions</source>
      <translation>Repartir partes a varios revisores y unir sus decisiones</translation>
    </message>
    <message>
      <source>Share…</source>
      <translation>Compartir…</translation>
    </message>
    <message>
      <source>One HTML file with an interactive map, for people without a GIS</source>
      <translation>Un archivo HTML con un mapa interactivo, para personas sin SIG</translation>
    </message>
    <message>
      <source>✔  Accept</source>
      <translation>✔  Aceptar</translation>
    </message>
    <message>
      <source>✖  Reject</source>
      <translation>✖  Rechazar</translation>
    </message>
    <message>
      <source>?  Needs review</source>
      <translation>?  Volver a mirar</translation>
    </message>
    <message>
      <source>Many…</source>
      <translation>Muchos…</translation>
    </message>
    <message>
      <source>Polygon</source>
      <translation>Polígono</translation>
    </message>
    <message>
      <source>Freehand</source>
      <translation>A mano alzada</translation>
    </message>
    <message>
      <source>Brush +</source>
      <translation>Pincel +</translation>
    </message>
    <message>
      <source>Brush −</source>
      <translation>Pincel −</translation>
    </message>
    <message>
      <source>Type</source>
      <translation>Tipo</translation>
    </message>
    <message>
      <source>your name or initials</source>
      <translation>su nombre o iniciales</translation>
    </message>
    <message>
      <source>most doubtful first</source>
      <translation>los más dudosos primero</translation>
    </message>
    <message>
      <source>largest first</source>
      <translation>los mayores primero</translation>
    </message>
    <message>
      <source>smallest first</source>
      <translation>los menores primero</translation>
    </message>
    <message>
      <source>from place to place</source>
      <translation>de lugar en lugar</translation>
    </message>
    <message>
      <source>by number</source>
      <translation>por número</translation>
    </message>
    <message>
      <source>specks in order</source>
      <translation>motas en su orden</translation>
    </message>
    <message>
      <source>specks first</source>
      <translation>motas primero</translation>
    </message>
    <message>
      <source>specks last</source>
      <translation>motas al final</translation>
    </message>
    <message>
      <source>Reason (1–9)</source>
      <translation>Motivo (1–9)</translation>
    </message>
    <message>
      <source>anything worth keeping</source>
      <translation>lo que valga la pena anotar</translation>
    </message>
    <message>
      <source>Specks are landslides below {area} m²</source>
      <translation>Las motas son deslizamientos menores de {area} m²</translation>
    </message>
    <message>
      <source>here</source>
      <translation>aquí</translation>
    </message>
    <message>
      <source>{source}: removed</source>
      <translation>{source}: eliminado</translation>
    </message>
    <message>
      <source>Other reason</source>
      <translation>Otro motivo</translation>
    </message>
    <message>
      <source>pending</source>
      <translation>pendiente</translation>
    </message>
    <message>
      <source>needs review</source>
      <translation>volver a mirar</translation>
    </message>
    <message>
      <source>accepted</source>
      <translation>aceptado</translation>
    </message>
    <message>
      <source>edited</source>
      <translation>editado</translation>
    </message>
    <message>
      <source>rejected</source>
      <translation>rechazado</translation>
    </message>
    <message>
      <source>Outline from the probability</source>
      <translation>Contorno según la probabilidad</translation>
    </message>
    <message>
      <source>Outlines follow at once on the map; nothing is changed before “Apply”</source>
      <translation>Los contornos siguen al instante en el mapa; nada cambia antes de «Aplicar»</translation>
    </message>
    <message>
      <source>this landslide</source>
      <translation>este deslizamiento</translation>
    </message>
    <message>
      <source>whole layer</source>
      <translation>toda la capa</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Aplicar</translation>
    </message>
    <message>
      <source>Click on a landslide that was missed: it grows from the probability around the click, at the threshold above</source>
      <translation>Haga clic en un deslizamiento omitido: crece desde la probabilidad alrededor del clic, con el umbral de arriba</translation>
    </message>
    <message>
      <source>Draw and correct</source>
      <translation>Dibujar y corregir</translation>
    </message>
    <message>
      <source>Draw a landslide that was missed: click its corners, end with the right button</source>
      <translation>Dibujar un deslizamiento omitido: haga clic en sus esquinas y termine con el botón derecho</translation>
    </message>
    <message>
      <source>Draw around a landslide that was missed with the button held down</source>
      <translation>Dibujar alrededor de un deslizamiento omitido con el botón pulsado</translation>
    </message>
    <message>
      <source>Paint ground that belongs to this landslide; Ctrl and the wheel change the size</source>
      <translation>Pintar terreno que pertenece a este deslizamiento; Ctrl y la rueda cambian el tamaño</translation>
    </message>
    <message>
      <source>Cut ground away from this landslide; Ctrl and the wheel change the size</source>
      <translation>Quitar terreno de este deslizamiento; Ctrl y la rueda cambian el tamaño</translation>
    </message>
    <message>
      <source>QGIS's own editing, with snapping; press again to save</source>
      <translation>La edición propia de QGIS, con autoensamblado; pulse de nuevo para guardar</translation>
    </message>
    <message>
      <source>Split</source>
      <translation>Dividir</translation>
    </message>
    <message>
      <source>Draw a line across a landslide</source>
      <translation>Dibujar una línea a través de un deslizamiento</translation>
    </message>
    <message>
      <source>Merge</source>
      <translation>Unir</translation>
    </message>
    <message>
      <source>Select two or more landslides, then merge them</source>
      <translation>Seleccione dos o más deslizamientos y únalos</translation>
    </message>
    <message>
      <source>Compare</source>
      <translation>Comparar</translation>
    </message>
    <message>
      <source>Shows another layer right of a line in the map; draw the line aside with the mouse or the slider</source>
      <translation>Muestra otra capa a la derecha de una línea en el mapa; mueva la línea con el ratón o el control deslizante</translation>
    </message>
    <message>
      <source>Shows another layer in a second map that moves with the first</source>
      <translation>Muestra otra capa en un segundo mapa que se mueve con el primero</translation>
    </message>
    <message>
      <source>Swipe to</source>
      <translation>Deslizar a</translation>
    </message>
    <message>
      <source>Save edits</source>
      <translation>Guardar cambios</translation>
    </message>
    <message>
      <source>Vertices</source>
      <translation>Vértices</translation>
    </message>
    <message>
      <source>Please cite:</source>
      <translation>Cite, por favor:</translation>
    </message>
    <message>
      <source>Website</source>
      <translation>Sitio web</translation>
    </message>
    <message>
      <source>Report a problem</source>
      <translation>Comunicar un problema</translation>
    </message>
    <message>
      <source>Source</source>
      <translation>Código fuente</translation>
    </message>
    <message>
      <source>Free software under the {licence}, without any warranty.</source>
      <translation>Software libre bajo la {licence}, sin ninguna garantía.</translation>
    </message>
    <message>
      <source>Remove the engine from this computer? Results and models stay.</source>
      <translation>¿Quitar el motor de este equipo? Los resultados y modelos permanecen.</translation>
    </message>
    <message>
      <source>About</source>
      <translation>Acerca de</translation>
    </message>
    <message>
      <source>Device</source>
      <translation>Dispositivo</translation>
    </message>
    <message>
      <source>Uninstall the engine</source>
      <translation>Desinstalar el motor</translation>
    </message>
    <message>
      <source>Install or repair…</source>
      <translation>Instalar o reparar…</translation>
    </message>
    <message>
      <source>Engine</source>
      <translation>Motor</translation>
    </message>
    <message>
      <source>Ground around a landslide, by its size</source>
      <translation>Terreno alrededor de un deslizamiento, según su tamaño</translation>
    </message>
    <message>
      <source>Ground around a landslide, at least</source>
      <translation>Terreno alrededor de un deslizamiento, al menos</translation>
    </message>
    <message>
      <source>Specks are smaller than</source>
      <translation>Las motas son menores de</translation>
    </message>
    <message>
      <source>Radius of the brush</source>
      <translation>Radio del pincel</translation>
    </message>
    <message>
      <source>Outline of the landslide at hand</source>
      <translation>Contorno del deslizamiento actual</translation>
    </message>
    <message>
      <source>Outlines that are only proposed</source>
      <translation>Contornos solo propuestos</translation>
    </message>
    <message>
      <source>Keys of the review</source>
      <translation>Teclas de la revisión</translation>
    </message>
    <message>
      <source>{keys}: chosen for more than one action; the first one gets it.</source>
      <translation>{keys}: elegida para más de una acción; la recibe la primera.</translation>
    </message>
    <message>
      <source>{size} MB in {folder}</source>
      <translation>{size} MB en {folder}</translation>
    </message>
    <message>
      <source>Looking for Python and the installer…</source>
      <translation>Buscando Python y el instalador…</translation>
    </message>
    <message>
      <source>Making an environment of its own…</source>
      <translation>Creando un entorno propio…</translation>
    </message>
    <message>
      <source>Downloading and installing packages…</source>
      <translation>Descargando e instalando paquetes…</translation>
    </message>
    <message>
      <source>Checking that the engine starts…</source>
      <translation>Comprobando que el motor arranca…</translation>
    </message>
    <message>
      <source>Done.</source>
      <translation>Listo.</translation>
    </message>
    <message>
      <source>&lt;p&gt;Landslides are detected by an &lt;b&gt;engine&lt;/b&gt; that runs beside QGIS in a Python of its own. It is installed once, without administrator rights, and nothing of QGIS is changed.&lt;/p&gt;&lt;p&gt;Folder: &lt;tt&gt;{folder}&lt;/tt&gt;&lt;br&gt;Packages come from the Python Package Index (pypi.org).&lt;/p&gt;</source>
      <translation>&lt;p&gt;Los deslizamientos los detecta un &lt;b&gt;motor&lt;/b&gt; que trabaja junto a QGIS en un Python propio. Se instala una vez, sin derechos de administrador, y no se cambia nada de QGIS.&lt;/p&gt;&lt;p&gt;Carpeta: &lt;tt&gt;{folder}&lt;/tt&gt;&lt;br&gt;Los paquetes vienen del Python Package Index (pypi.org).&lt;/p&gt;</translation>
    </message>
    <message>
      <source>The engine is not installed yet.</source>
      <translation>El motor aún no está instalado.</translation>
    </message>
    <message>
      <source>The engine belongs to another version of this plugin.</source>
      <translation>El motor pertenece a otra versión de este complemento.</translation>
    </message>
    <message>
      <source>The engine's folder is damaged or was removed.</source>
      <translation>La carpeta del motor está dañada o se eliminó.</translation>
    </message>
    <message>
      <source>Python of your own</source>
      <translation>Python propio</translation>
    </message>
    <message>
      <source>Landslide engine</source>
      <translation>Motor de deslizamientos</translation>
    </message>
    <message>
      <source>No network, or a Python of your own</source>
      <translation>Sin red, o un Python propio</translation>
    </message>
    <message>
      <source>A folder that holds all packages as wheels; nothing is downloaded then. The help page says how to fill it.</source>
      <translation>Una carpeta con todos los paquetes como wheels; entonces no se descarga nada. La página de ayuda dice cómo llenarla.</translation>
    </message>
    <message>
      <source>&amp;Offline folder</source>
      <translation>Carpeta sin &amp;conexión</translation>
    </message>
    <message>
      <source>The Python 3.10 to 3.13 on which the environment is built; found by itself where this is empty.</source>
      <translation>El Python 3.10 a 3.13 sobre el que se construye el entorno; se busca solo si está vacío.</translation>
    </message>
    <message>
      <source>&amp;Build on Python</source>
      <translation>&amp;Construir sobre Python</translation>
    </message>
    <message>
      <source>A Python in which the engine is installed already, such as that of a Conda environment. Nothing is installed then.</source>
      <translation>Un Python en el que el motor ya está instalado, como el de un entorno Conda. Entonces no se instala nada.</translation>
    </message>
    <message>
      <source>&amp;Use Python with engine</source>
      <translation>&amp;Usar un Python con motor</translation>
    </message>
    <message>
      <source>&amp;Newest packages instead of the tested ones</source>
      <translation>Paquetes más &amp;nuevos en lugar de los probados</translation>
    </message>
    <message>
      <source>For package servers of an institute that hold other files than pypi.org: versions and hashes are not checked then.</source>
      <translation>Para servidores de paquetes de un instituto con archivos distintos de los de pypi.org: entonces no se comprueban versiones ni huellas.</translation>
    </message>
    <message>
      <source>Check and use</source>
      <translation>Comprobar y usar</translation>
    </message>
    <message>
      <source>&amp;Check</source>
      <translation>&amp;Comprobar</translation>
    </message>
    <message>
      <source>&amp;Stop</source>
      <translation>&amp;Detener</translation>
    </message>
    <message>
      <source>&amp;Install</source>
      <translation>&amp;Instalar</translation>
    </message>
    <message>
      <source>Re&amp;install</source>
      <translation>&amp;Reinstalar</translation>
    </message>
    <message>
      <source>The engine is installed.</source>
      <translation>El motor está instalado.</translation>
    </message>
    <message>
      <source>Checking the landslide engine</source>
      <translation>Comprobando el motor de deslizamientos</translation>
    </message>
    <message>
      <source>The engine works.</source>
      <translation>El motor funciona.</translation>
    </message>
    <message>
      <source>Ask the engine for its versions, devices and models</source>
      <translation>Preguntar al motor por sus versiones, dispositivos y modelos</translation>
    </message>
    <message>
      <source>The engine is installed, but another Python is chosen, and that one fails.</source>
      <translation>El motor está instalado, pero se ha elegido otro Python, y ese falla.</translation>
    </message>
    <message>
      <source>The installation was cancelled; nothing of it is left.</source>
      <translation>La instalación se canceló; no queda nada de ella.</translation>
    </message>
    <message>
      <source>Stopped.</source>
      <translation>Detenido.</translation>
    </message>
    <message>
      <source>Light installation</source>
      <translation>Instalación ligera</translation>
    </message>
    <message>
      <source>Full installation</source>
      <translation>Instalación completa</translation>
    </message>
    <message>
      <source>&amp;Light: detection on the processor, {size} on disk</source>
      <translation>&amp;Ligera: detección en el procesador, {size} en disco</translation>
    </message>
    <message>
      <source>&amp;Full: also NVIDIA GPUs (CUDA) and training, {size} on disk</source>
      <translation>&amp;Completa: también GPU NVIDIA (CUDA) y entrenamiento, {size} en disco</translation>
    </message>
    <message>
      <source>&lt;b&gt;Ready.&lt;/b&gt; {kind}: &lt;tt&gt;{python}&lt;/tt&gt;</source>
      <translation>&lt;b&gt;Listo.&lt;/b&gt; {kind}: &lt;tt&gt;{python}&lt;/tt&gt;</translation>
    </message>
    <message>
      <source>&amp;Repair</source>
      <translation>&amp;Reparar</translation>
    </message>
    <message>
      <source>The environment variable &lt;tt&gt;{name}&lt;/tt&gt; chooses this Python, before anything installed here; unset it and restart QGIS to use another.</source>
      <translation>La variable de entorno &lt;tt&gt;{name}&lt;/tt&gt; elige este Python, antes que nada de lo instalado aquí; quítela y reinicie QGIS para usar otro.</translation>
    </message>
    <message>
      <source>Installing the landslide engine</source>
      <translation>Instalando el motor de deslizamientos</translation>
    </message>
    <message>
      <source>Landslide statistics</source>
      <translation>Estadísticas de deslizamientos</translation>
    </message>
    <message>
      <source>Count</source>
      <translation>Contar</translation>
    </message>
    <message>
      <source>Fewer than 100 landslides: the plot says little.</source>
      <translation>Menos de 100 deslizamientos: la gráfica dice poco.</translation>
    </message>
    <message>
      <source>accepted and edited</source>
      <translation>aceptados y editados</translation>
    </message>
    <message>
      <source>selected</source>
      <translation>seleccionados</translation>
    </message>
    <message>
      <source>How often landslides of each area are</source>
      <translation>Con qué frecuencia hay deslizamientos de cada área</translation>
    </message>
    <message>
      <source>Directions in which they look</source>
      <translation>Direcciones a las que miran</translation>
    </message>
    <message>
      <source>Choose an inventory.</source>
      <translation>Elija un inventario.</translation>
    </message>
    <message>
      <source>Landslides: {n}</source>
      <translation>Deslizamientos: {n}</translation>
    </message>
    <message>
      <source>Area together: {area} km²</source>
      <translation>Área total: {area} km²</translation>
    </message>
    <message>
      <source>Median area: {area} m²</source>
      <translation>Área mediana: {area} m²</translation>
    </message>
    <message>
      <source>Largest: {area} m²</source>
      <translation>Mayor: {area} m²</translation>
    </message>
    <message>
      <source>Magnitude log₁₀ N: {value}</source>
      <translation>Magnitud log₁₀ N: {value}</translation>
    </message>
    <message>
      <source>area (m²)</source>
      <translation>área (m²)</translation>
    </message>
    <message>
      <source>probability density (1/m²)</source>
      <translation>densidad de probabilidad (1/m²)</translation>
    </message>
    <message>
      <source>N</source>
      <translation>N</translation>
    </message>
    <message>
      <source>NE</source>
      <translation>NE</translation>
    </message>
    <message>
      <source>E</source>
      <translation>E</translation>
    </message>
    <message>
      <source>SE</source>
      <translation>SE</translation>
    </message>
    <message>
      <source>S</source>
      <translation>S</translation>
    </message>
    <message>
      <source>SW</source>
      <translation>SO</translation>
    </message>
    <message>
      <source>W</source>
      <translation>O</translation>
    </message>
    <message>
      <source>NW</source>
      <translation>NO</translation>
    </message>
    <message>
      <source>no landslides</source>
      <translation>ningún deslizamiento</translation>
    </message>
    <message>
      <source>no aspects</source>
      <translation>sin orientaciones</translation>
    </message>
    <message>
      <source>The disk is full. Free some space, then press “Install” again.</source>
      <translation>El disco está lleno. Libere espacio y pulse de nuevo «Instalar».</translation>
    </message>
    <message>
      <source>Another program, often a virus scanner, holds a file. Exclude the folder above from scanning or wait a minute, then press “Install” again.</source>
      <translation>Otro programa, a menudo un antivirus, retiene un archivo. Excluya la carpeta de arriba del análisis o espere un minuto y pulse de nuevo «Instalar».</translation>
    </message>
    <message>
      <source>The proxy refused the connection. Set it under Settings ▸ Options ▸ Network, with user name and password, then press “Install” again.</source>
      <translation>El proxy rechazó la conexión. Configúrelo en Configuración ▸ Opciones ▸ Red, con usuario y contraseña, y pulse de nuevo «Instalar».</translation>
    </message>
    <message>
      <source>The certificate of the package server is not trusted, as in networks that inspect traffic. Ask your administrator to add the network's certificate to the system's store, or install from an offline folder.</source>
      <translation>El certificado del servidor de paquetes no es de confianza, como en redes que inspeccionan el tráfico. Pida a su administrador que añada el certificado de la red al almacén del sistema, o instale desde una carpeta sin conexión.</translation>
    </message>
    <message>
      <source>The folder above cannot be written. Ask your administrator, or choose an interpreter that already holds the engine.</source>
      <translation>No se puede escribir en la carpeta de arriba. Pregunte a su administrador o elija un intérprete que ya tenga el motor.</translation>
    </message>
    <message>
      <source>The package server cannot be reached. Check the connection and the proxy under Settings ▸ Options ▸ Network, or install from an offline folder.</source>
      <translation>No se puede alcanzar el servidor de paquetes. Compruebe la conexión y el proxy en Configuración ▸ Opciones ▸ Red, o instale desde una carpeta sin conexión.</translation>
    </message>
    <message>
      <source>A package is not available for this computer's Python. Choose a Python between 3.10 and 3.13, or complete the offline folder.</source>
      <translation>Un paquete no está disponible para el Python de este equipo. Elija un Python entre 3.10 y 3.13 o complete la carpeta sin conexión.</translation>
    </message>
    <message>
      <source>No suitable Python was found. Install Python 3.10 to 3.13 and choose it here.</source>
      <translation>No se encontró un Python adecuado. Instale Python 3.10 a 3.13 y elíjalo aquí.</translation>
    </message>
    <message>
      <source>Another QGIS is installing the engine at this moment. Wait until it is done.</source>
      <translation>Otro QGIS está instalando el motor en este momento. Espere a que termine.</translation>
    </message>
    <message>
      <source>The packages were installed, but the engine does not start. The log says why; try again or choose another Python.</source>
      <translation>Los paquetes se instalaron, pero el motor no arranca. El registro dice por qué; inténtelo de nuevo o elija otro Python.</translation>
    </message>
    <message>
      <source>The installation failed. The log shows what the installer said.</source>
      <translation>La instalación falló. El registro muestra lo que dijo el instalador.</translation>
    </message>
    <message>
      <source>PyTorch is no longer made for Macs with Intel processors, so the full installation is impossible here. The light one works.</source>
      <translation>Ya no se hace PyTorch para los Mac con procesador Intel, así que la instalación completa es imposible aquí. La ligera funciona.</translation>
    </message>
  </context>
</TS>