<?xml version='1.0' encoding='utf-8'?>
<TS version="2.1" language="de" sourcelanguage="en">
  <context>
    <name>l4s</name>
    <message>
      <source>coastal</source>
      <translation>Küste</translation>
    </message>
    <message>
      <source>blue</source>
      <translation>Blau</translation>
    </message>
    <message>
      <source>green</source>
      <translation>Grün</translation>
    </message>
    <message>
      <source>red</source>
      <translation>Rot</translation>
    </message>
    <message>
      <source>red edge 1</source>
      <translation>Red Edge 1</translation>
    </message>
    <message>
      <source>red edge 2</source>
      <translation>Red Edge 2</translation>
    </message>
    <message>
      <source>red edge 3</source>
      <translation>Red Edge 3</translation>
    </message>
    <message>
      <source>near infrared</source>
      <translation>nahes Infrarot</translation>
    </message>
    <message>
      <source>water vapour</source>
      <translation>Wasserdampf</translation>
    </message>
    <message>
      <source>cirrus</source>
      <translation>Cirrus</translation>
    </message>
    <message>
      <source>shortwave infrared 1</source>
      <translation>kurzwelliges Infrarot 1</translation>
    </message>
    <message>
      <source>shortwave infrared 2</source>
      <translation>kurzwelliges Infrarot 2</translation>
    </message>
    <message>
      <source>slope</source>
      <translation>Hangneigung</translation>
    </message>
    <message>
      <source>elevation</source>
      <translation>Höhe</translation>
    </message>
    <message>
      <source>Sentinel-2 (simulated)</source>
      <translation>Sentinel-2 (simuliert)</translation>
    </message>
    <message>
      <source>Demo data</source>
      <translation>Beispieldaten</translation>
    </message>
    <message>
      <source>Elevation (simulated)</source>
      <translation>Höhe (simuliert)</translation>
    </message>
    <message>
      <source>Detect landslides…</source>
      <translation>Rutschungen erkennen…</translation>
    </message>
    <message>
      <source>A simulated scene with {count} landslides is loaded.</source>
      <translation>Eine simulierte Szene mit {count} Rutschungen ist geladen.</translation>
    </message>
    <message>
      <source>left out</source>
      <translation>weglassen</translation>
    </message>
    <message>
      <source>Band</source>
      <translation>Band</translation>
    </message>
    <message>
      <source>Description</source>
      <translation>Beschreibung</translation>
    </message>
    <message>
      <source>Channel</source>
      <translation>Kanal</translation>
    </message>
    <message>
      <source>Without elevation, bare fields and river beds are more often taken for landslides.</source>
      <translation>Ohne Höhenmodell werden kahle Felder und Flussbetten häufiger für Rutschungen gehalten.</translation>
    </message>
    <message>
      <source>The elevation and the image do not overlap; check their coordinate reference systems.</source>
      <translation>Höhenmodell und Bild überlappen nicht; prüfen Sie ihre Koordinatenbezugssysteme.</translation>
    </message>
    <message>
      <source>The area's layer has no coordinate reference system; set it in the layer's properties.</source>
      <translation>Der Layer des Gebiets hat kein Koordinatenbezugssystem; setzen Sie es in den Layereigenschaften.</translation>
    </message>
    <message>
      <source>The image is a stack already, with or without a cloud mask; leave “Clouds” at the product's own.</source>
      <translation>Das Bild ist schon ein Stapel, mit oder ohne Wolkenmaske; lassen Sie „Wolken“ bei der des Produkts.</translation>
    </message>
    <message>
      <source>The folder holds an earlier result: its reviewed landslides are kept, all else is replaced.</source>
      <translation>Der Ordner enthält ein früheres Ergebnis: geprüfte Rutschungen bleiben erhalten, alles andere wird ersetzt.</translation>
    </message>
    <message>
      <source>A whole tile: {mpx} million pixels; {time}, {disk} of disk. An area is faster.</source>
      <translation>Eine ganze Kachel: {mpx} Millionen Pixel; {time}, {disk} Speicherplatz. Ein Gebiet geht schneller.</translation>
    </message>
    <message>
      <source>s2cloudless needs a Level-1C product; choose another mask under “Clouds”.</source>
      <translation>s2cloudless braucht ein Level-1C-Produkt; wählen Sie unter „Wolken“ eine andere Maske.</translation>
    </message>
    <message>
      <source>{mpx} million pixels; {time} by this computer's last runs, {disk} of disk.</source>
      <translation>{mpx} Millionen Pixel; {time} nach den letzten Läufen dieses Rechners, {disk} Speicherplatz.</translation>
    </message>
    <message>
      <source>{mpx} million pixels; {time}, {disk} of disk.</source>
      <translation>{mpx} Millionen Pixel; {time}, {disk} Speicherplatz.</translation>
    </message>
    <message>
      <source>Choose an image layer or a Sentinel-2 product.</source>
      <translation>Wählen Sie einen Bildlayer oder ein Sentinel-2-Produkt.</translation>
    </message>
    <message>
      <source>{channels}: given to more than one band.</source>
      <translation>{channels}: mehr als einem Band zugeordnet.</translation>
    </message>
    <message>
      <source>No band is blue, green or red ({channels} missing); assign them under “Channels”.</source>
      <translation>Kein Band ist Blau, Grün oder Rot ({channels} fehlen); ordnen Sie sie unter „Kanäle“ zu.</translation>
    </message>
    <message>
      <source>Missing: {channels}. The bundled model tolerates that; the result is less certain.</source>
      <translation>Es fehlen: {channels}. Das mitgelieferte Modell verträgt das; das Ergebnis ist weniger sicher.</translation>
    </message>
    <message>
      <source>The area holds no polygon; select one or choose another area.</source>
      <translation>Das Gebiet enthält kein Polygon; wählen Sie eines aus oder ein anderes Gebiet.</translation>
    </message>
    <message>
      <source>The area and the image do not overlap.</source>
      <translation>Das Gebiet und das Bild überlappen nicht.</translation>
    </message>
    <message>
      <source>{folder} is no model: a model's folder holds a card.json.</source>
      <translation>{folder} ist kein Modell: Der Ordner eines Modells enthält eine card.json.</translation>
    </message>
    <message>
      <source>Choose a folder for the results.</source>
      <translation>Wählen Sie einen Ordner für die Ergebnisse.</translation>
    </message>
    <message>
      <source>{folder} cannot be written; choose another folder for the results.</source>
      <translation>{folder} ist nicht beschreibbar; wählen Sie einen anderen Ordner für die Ergebnisse.</translation>
    </message>
    <message>
      <source>The results need about {need}, but only {free} are free there.</source>
      <translation>Die Ergebnisse brauchen etwa {need}, dort sind aber nur {free} frei.</translation>
    </message>
    <message>
      <source>“{name}” looks like elevation, not like an image.</source>
      <translation>„{name}“ sieht nach Höhen aus, nicht nach einem Bild.</translation>
    </message>
    <message>
      <source>“{name}” cannot be read as elevation.</source>
      <translation>„{name}“ lässt sich nicht als Höhenmodell lesen.</translation>
    </message>
    <message>
      <source>{path} does not exist; it may have been moved or renamed.</source>
      <translation>{path} existiert nicht; vielleicht wurde es verschoben oder umbenannt.</translation>
    </message>
    <message>
      <source>Detect landslides</source>
      <translation>Rutschungen erkennen</translation>
    </message>
    <message>
      <source>&amp;Detect</source>
      <translation>&amp;Erkennen</translation>
    </message>
    <message>
      <source>Landslides: {name}, {time}</source>
      <translation>Rutschungen: {name}, {time}</translation>
    </message>
    <message>
      <source>Looking at the files…</source>
      <translation>Die Dateien werden angesehen …</translation>
    </message>
    <message>
      <source>a few seconds</source>
      <translation>wenige Sekunden</translation>
    </message>
    <message>
      <source>about {n} hours</source>
      <translation>etwa {n} Stunden</translation>
    </message>
    <message>
      <source>about {n} seconds</source>
      <translation>etwa {n} Sekunden</translation>
    </message>
    <message>
      <source>about {n} minutes</source>
      <translation>etwa {n} Minuten</translation>
    </message>
    <message>
      <source>Elevation and area</source>
      <translation>Höhenmodell und Gebiet</translation>
    </message>
    <message>
      <source>Elevation</source>
      <translation>Höhenmodell</translation>
    </message>
    <message>
      <source>A digital elevation model in metres, of any resolution and coordinate reference system; files may be GeoTIFF, .hgt, or zips of ALOS or SRTM</source>
      <translation>Ein digitales Höhenmodell in Metern, in beliebiger Auflösung und beliebigem Koordinatenbezugssystem; als Dateien GeoTIFF, .hgt oder Zip-Archive von ALOS oder SRTM</translation>
    </message>
    <message>
      <source>&amp;Elevation</source>
      <translation>&amp;Höhenmodell</translation>
    </message>
    <message>
      <source>&amp;Area</source>
      <translation>&amp;Gebiet</translation>
    </message>
    <message>
      <source>Only selected polygons</source>
      <translation>Nur ausgewählte Polygone</translation>
    </message>
    <message>
      <source>Whole image</source>
      <translation>Ganzes Bild</translation>
    </message>
    <message>
      <source>Visible map</source>
      <translation>Sichtbare Karte</translation>
    </message>
    <message>
      <source>Polygons of a layer</source>
      <translation>Polygone eines Layers</translation>
    </message>
    <message>
      <source>Image after the event</source>
      <translation>Bild nach dem Ereignis</translation>
    </message>
    <message>
      <source>&amp;Layer of the project</source>
      <translation>&amp;Layer des Projekts</translation>
    </message>
    <message>
      <source>A raster whose bands are Sentinel-2 channels, as digital numbers (reflectance × 10000) or reflectance</source>
      <translation>Ein Raster, dessen Bänder Sentinel-2-Kanäle sind, als Digitalwerte (Reflexionsgrad × 10000) oder Reflexionsgrad</translation>
    </message>
    <message>
      <source>Se&amp;veral layers</source>
      <translation>&amp;Mehrere Layer</translation>
    </message>
    <message>
      <source>none</source>
      <translation>keine</translation>
    </message>
    <message>
      <source>Tick the layers that are bands of the image, as downloaded: B02, B03, B04 …</source>
      <translation>Die Layer ankreuzen, die Bänder des Bildes sind, wie heruntergeladen: B02, B03, B04 …</translation>
    </message>
    <message>
      <source>Channels</source>
      <translation>Kanäle</translation>
    </message>
    <message>
      <source>Sentinel-2 &amp;product</source>
      <translation>Sentinel-2-&amp;Produkt</translation>
    </message>
    <message>
      <source>The zip as downloaded, or MTD_MSIL1C.xml / MTD_MSIL2A.xml inside the SAFE folder; a folder can be dropped here</source>
      <translation>Das Zip wie heruntergeladen oder MTD_MSIL1C.xml / MTD_MSIL2A.xml im SAFE-Ordner; ein Ordner kann hierher gezogen werden</translation>
    </message>
    <message>
      <source>Sentinel-2 product</source>
      <translation>Sentinel-2-Produkt</translation>
    </message>
    <message>
      <source>Zipped product or its metadata</source>
      <translation>Gezipptes Produkt oder seine Metadaten</translation>
    </message>
    <message>
      <source>Folder…</source>
      <translation>Ordner…</translation>
    </message>
    <message>
      <source>Choose a SAFE folder, or a folder with one file for each band</source>
      <translation>SAFE-Ordner wählen oder einen Ordner mit einer Datei je Band</translation>
    </message>
    <message>
      <source>All channels of Sentinel-2 are there.</source>
      <translation>Alle Kanäle von Sentinel-2 sind vorhanden.</translation>
    </message>
    <message>
      <source>Channels: {n} of {all} found</source>
      <translation>Kanäle: {n} von {all} gefunden</translation>
    </message>
    <message>
      <source>Missing: {channels}.</source>
      <translation>Es fehlen: {channels}.</translation>
    </message>
    <message>
      <source>The image has no cloud mask: clouds hide landslides and can look like some. Choose one under “Advanced ▸ Clouds”.</source>
      <translation>Das Bild hat keine Wolkenmaske: Wolken verdecken Rutschungen und können wie welche aussehen. Unter „Erweitert ▸ Wolken“ eine wählen.</translation>
    </message>
    <message>
      <source>{share} % of the image is cloud, shadow or snow and will not be searched; an image of another date may show it.</source>
      <translation>{share} % des Bildes sind Wolken, Schatten oder Schnee und werden nicht durchsucht; ein Bild eines anderen Tages kann sie zeigen.</translation>
    </message>
    <message>
      <source>{n} bands</source>
      <translation>{n} Bänder</translation>
    </message>
    <message>
      <source>baseline {number}</source>
      <translation>Baseline {number}</translation>
    </message>
    <message>
      <source>offset {value}</source>
      <translation>Offset {value}</translation>
    </message>
    <message>
      <source>Not read: {names}</source>
      <translation>Nicht gelesen: {names}</translation>
    </message>
    <message>
      <source>Looking at the files</source>
      <translation>Dateien ansehen</translation>
    </message>
    <message>
      <source>Choose files</source>
      <translation>Dateien wählen</translation>
    </message>
    <message>
      <source>Files…</source>
      <translation>Dateien …</translation>
    </message>
    <message>
      <source>Light network for fresh landslides in vegetated mountains</source>
      <translation>Leichtes Netz für frische Rutschungen in bewachsenen Bergen</translation>
    </message>
    <message>
      <source>the model's</source>
      <translation>der des Modells</translation>
    </message>
    <message>
      <source>Result</source>
      <translation>Ergebnis</translation>
    </message>
    <message>
      <source>&amp;Folder</source>
      <translation>&amp;Ordner</translation>
    </message>
    <message>
      <source>The bundled model</source>
      <translation>Das mitgelieferte Modell</translation>
    </message>
    <message>
      <source>Several models are averaged, and their disagreement becomes the uncertainty</source>
      <translation>Mehrere Modelle werden gemittelt; ihre Uneinigkeit wird zur Unsicherheit</translation>
    </message>
    <message>
      <source>&amp;Models</source>
      <translation>&amp;Modelle</translation>
    </message>
    <message>
      <source>Advanced</source>
      <translation>Erweitert</translation>
    </message>
    <message>
      <source>Image before</source>
      <translation>Bild vorher</translation>
    </message>
    <message>
      <source>A Sentinel-2 product or image from before the event: adds the change of vegetation and brightness to each landslide</source>
      <translation>Ein Sentinel-2-Produkt oder Bild von vor dem Ereignis: ergänzt jede Rutschung um die Änderung von Bewuchs und Helligkeit</translation>
    </message>
    <message>
      <source>Image &amp;before</source>
      <translation>Bild &amp;vorher</translation>
    </message>
    <message>
      <source>The product's own</source>
      <translation>Die des Produkts</translation>
    </message>
    <message>
      <source>Bright ground that is not red (cloud, haze, snow)</source>
      <translation>Heller, nicht roter Boden (Wolke, Dunst, Schnee)</translation>
    </message>
    <message>
      <source>Computed from Level-1C (s2cloudless; needs an extra package)</source>
      <translation>Aus Level-1C berechnet (s2cloudless; braucht ein Zusatzpaket)</translation>
    </message>
    <message>
      <source>None</source>
      <translation>Keine</translation>
    </message>
    <message>
      <source>What is masked is not searched. Images of a few bands have no mask of their own, and snow and clouds on slopes look like scars in them</source>
      <translation>Was maskiert ist, wird nicht durchsucht. Bilder mit wenigen Bändern haben keine eigene Maske, und Schnee und Wolken an Hängen sehen in ihnen wie Rutschungen aus</translation>
    </message>
    <message>
      <source>&amp;Clouds</source>
      <translation>&amp;Wolken</translation>
    </message>
    <message>
      <source>The folder of a model that was trained or received; used instead of the above</source>
      <translation>Der Ordner eines selbst trainierten oder erhaltenen Modells; wird anstelle der obigen verwendet</translation>
    </message>
    <message>
      <source>O&amp;wn model</source>
      <translation>Eigenes Mo&amp;dell</translation>
    </message>
    <message>
      <source>Probability from which a pixel is landslide; it can be changed at once later, in the review</source>
      <translation>Wahrscheinlichkeit, ab der ein Pixel Rutschung ist; sie lässt sich später in der Prüfung sofort ändern</translation>
    </message>
    <message>
      <source>&amp;Threshold</source>
      <translation>&amp;Schwellenwert</translation>
    </message>
    <message>
      <source>Landslides below this area are left out</source>
      <translation>Kleinere Rutschungen werden weggelassen</translation>
    </message>
    <message>
      <source>Minimum mapping &amp;unit</source>
      <translation>Kleinste Kartier&amp;einheit</translation>
    </message>
    <message>
      <source>smooth</source>
      <translation>glatt</translation>
    </message>
    <message>
      <source>straight sides</source>
      <translation>gerade Seiten</translation>
    </message>
    <message>
      <source>exact pixels</source>
      <translation>genaue Pixel</translation>
    </message>
    <message>
      <source>Smooth outlines round the steps of pixels; all areas together change by less than one per cent</source>
      <translation>Glatte Umrisse runden die Stufen der Pixel; alle Flächen zusammen ändern sich um weniger als ein Prozent</translation>
    </message>
    <message>
      <source>&amp;Outlines</source>
      <translation>&amp;Umrisse</translation>
    </message>
    <message>
      <source>one</source>
      <translation>eine</translation>
    </message>
    <message>
      <source>four: more even, 4 × slower</source>
      <translation>vier: gleichmäßiger, 4 × langsamer</translation>
    </message>
    <message>
      <source>eight: most even, 8 × slower</source>
      <translation>acht: am gleichmäßigsten, 8 × langsamer</translation>
    </message>
    <message>
      <source>The image is also looked at mirrored and turned, and the results are averaged</source>
      <translation>Das Bild wird auch gespiegelt und gedreht betrachtet, die Ergebnisse werden gemittelt</translation>
    </message>
    <message>
      <source>&amp;Views</source>
      <translation>&amp;Ansichten</translation>
    </message>
    <message>
      <source>Sharpen outlines (CRF)</source>
      <translation>Umrisse schärfen (CRF)</translation>
    </message>
    <message>
      <source>Pulls outlines to edges of the image; needs an extra package</source>
      <translation>Zieht Umrisse an Kanten des Bildes; braucht ein Zusatzpaket</translation>
    </message>
    <message>
      <source>&amp;Device</source>
      <translation>&amp;Gerät</translation>
    </message>
    <message>
      <source>Automatic</source>
      <translation>Automatisch</translation>
    </message>
    <message>
      <source>Processor (CPU)</source>
      <translation>Prozessor (CPU)</translation>
    </message>
    <message>
      <source>NVIDIA GPU (CUDA)</source>
      <translation>NVIDIA-Grafikkarte (CUDA)</translation>
    </message>
    <message>
      <source>the default: {value} m²</source>
      <translation>Vorgabe: {value} m²</translation>
    </message>
    <message>
      <source>the model's: {value}</source>
      <translation>des Modells: {value}</translation>
    </message>
    <message>
      <source>No landslide found, but that says little here.</source>
      <translation>Keine Rutschung gefunden, aber das sagt hier wenig.</translation>
    </message>
    <message>
      <source>{count} landslides found in {seconds} s.</source>
      <translation>{count} Rutschungen in {seconds} s gefunden.</translation>
    </message>
    <message>
      <source>No landslide found. The layer “Probability” shows where it was closest; a lower threshold finds more.</source>
      <translation>Keine Rutschung gefunden. Der Layer „Wahrscheinlichkeit“ zeigt, wo am ehesten welche sind; ein niedrigerer Schwellenwert findet mehr.</translation>
    </message>
    <message>
      <source>clouds and their shadows</source>
      <translation>Wolken und ihren Schatten</translation>
    </message>
    <message>
      <source>snow or missing data</source>
      <translation>Schnee oder fehlenden Daten</translation>
    </message>
    <message>
      <source>Open report</source>
      <translation>Bericht öffnen</translation>
    </message>
    <message>
      <source>no cloud mask</source>
      <translation>keine Wolkenmaske</translation>
    </message>
    <message>
      <source>The image has no cloud mask: clouds hide landslides and can look like some. Choose a mask under “Advanced ▸ Clouds”, or look at the image before you trust the map.</source>
      <translation>Das Bild hat keine Wolkenmaske: Wolken verdecken Rutschungen und können wie welche aussehen. Unter „Erweitert ▸ Wolken“ eine Maske wählen oder das Bild ansehen, bevor Sie der Karte trauen.</translation>
    </message>
    <message>
      <source>no elevation</source>
      <translation>keine Höhen</translation>
    </message>
    <message>
      <source>There was no elevation: most landslides are missed or bare fields are drawn. Choose an elevation model and detect again.</source>
      <translation>Es gab keine Höhen: Die meisten Rutschungen fehlen, oder kahle Felder sind eingezeichnet. Ein Höhenmodell wählen und neu erkennen.</translation>
    </message>
    <message>
      <source>Add to the map</source>
      <translation>Zur Karte hinzufügen</translation>
    </message>
    <message>
      <source>Details</source>
      <translation>Einzelheiten</translation>
    </message>
    <message>
      <source>{n} warnings</source>
      <translation>{n} Warnungen</translation>
    </message>
    <message>
      <source>Mind: {doubts}.</source>
      <translation>Zu beachten: {doubts}.</translation>
    </message>
    <message>
      <source>Review</source>
      <translation>Prüfung</translation>
    </message>
    <message>
      <source>{share} % of the ground is hidden</source>
      <translation>{share} % des Bodens sind verdeckt</translation>
    </message>
    <message>
      <source>{share} % of the ground was not searched, mostly because of {why}; use an image of another date for it.</source>
      <translation>{share} % des Bodens wurden nicht durchsucht, vor allem wegen {why}; dafür ein Bild eines anderen Tages verwenden.</translation>
    </message>
    <message>
      <source>elevation for {share} % only</source>
      <translation>Höhen nur für {share} %</translation>
    </message>
    <message>
      <source>The elevation covers {share} % of the ground only; in the rest most landslides are missed. Add the missing elevation.</source>
      <translation>Die Höhen decken nur {share} % des Bodens ab; im Rest fehlen die meisten Rutschungen. Die fehlenden Höhen hinzufügen.</translation>
    </message>
    <message>
      <source>Stopping…</source>
      <translation>Wird angehalten…</translation>
    </message>
    <message>
      <source>Starting the engine…</source>
      <translation>Die Engine wird gestartet…</translation>
    </message>
    <message>
      <source>Stop</source>
      <translation>Anhalten</translation>
    </message>
    <message>
      <source>It failed without saying why.</source>
      <translation>Es schlug fehl, ohne den Grund zu nennen.</translation>
    </message>
    <message>
      <source>Something went wrong in the landslide plugin; your data is untouched. Please report it with the diagnostics.</source>
      <translation>Im Rutschungs-Plugin ist etwas schiefgegangen; Ihre Daten sind unberührt. Bitte mit der Diagnose melden.</translation>
    </message>
    <message>
      <source>Copy diagnostics</source>
      <translation>Diagnose kopieren</translation>
    </message>
    <message>
      <source>Landslides</source>
      <translation>Rutschungen</translation>
    </message>
    <message>
      <source>Landslide</source>
      <translation>Rutschung</translation>
    </message>
    <message>
      <source>Review status</source>
      <translation>Prüfstand</translation>
    </message>
    <message>
      <source>Reason of rejection</source>
      <translation>Grund der Ablehnung</translation>
    </message>
    <message>
      <source>Reviewer</source>
      <translation>Prüfer</translation>
    </message>
    <message>
      <source>Reviewed on</source>
      <translation>Geprüft am</translation>
    </message>
    <message>
      <source>Notes</source>
      <translation>Notizen</translation>
    </message>
    <message>
      <source>Confidence (USGS)</source>
      <translation>Sicherheit (USGS)</translation>
    </message>
    <message>
      <source>Flags</source>
      <translation>Hinweise</translation>
    </message>
    <message>
      <source>Probability, mean</source>
      <translation>Wahrscheinlichkeit, Mittel</translation>
    </message>
    <message>
      <source>Probability, minimum</source>
      <translation>Wahrscheinlichkeit, Minimum</translation>
    </message>
    <message>
      <source>Probability, maximum</source>
      <translation>Wahrscheinlichkeit, Maximum</translation>
    </message>
    <message>
      <source>Uncertainty, mean</source>
      <translation>Unsicherheit, Mittel</translation>
    </message>
    <message>
      <source>Agreement of members</source>
      <translation>Einigkeit der Mitglieder</translation>
    </message>
    <message>
      <source>Landslide type</source>
      <translation>Rutschungstyp</translation>
    </message>
    <message>
      <source>Material</source>
      <translation>Material</translation>
    </message>
    <message>
      <source>Trigger</source>
      <translation>Auslöser</translation>
    </message>
    <message>
      <source>Event</source>
      <translation>Ereignis</translation>
    </message>
    <message>
      <source>Not before</source>
      <translation>Nicht vor</translation>
    </message>
    <message>
      <source>Not after</source>
      <translation>Nicht nach</translation>
    </message>
    <message>
      <source>Area (m²)</source>
      <translation>Fläche (m²)</translation>
    </message>
    <message>
      <source>Perimeter (m)</source>
      <translation>Umfang (m)</translation>
    </message>
    <message>
      <source>Length along the fall line (m)</source>
      <translation>Länge in Fallrichtung (m)</translation>
    </message>
    <message>
      <source>Width across the fall line (m)</source>
      <translation>Breite quer zur Fallrichtung (m)</translation>
    </message>
    <message>
      <source>Longest axis (m)</source>
      <translation>Längste Achse (m)</translation>
    </message>
    <message>
      <source>Elongation</source>
      <translation>Streckung</translation>
    </message>
    <message>
      <source>Compactness</source>
      <translation>Kompaktheit</translation>
    </message>
    <message>
      <source>Pixels</source>
      <translation>Pixel</translation>
    </message>
    <message>
      <source>Amalgamated</source>
      <translation>Zusammengewachsen</translation>
    </message>
    <message>
      <source>Elevation, minimum (m)</source>
      <translation>Höhe, Minimum (m)</translation>
    </message>
    <message>
      <source>Elevation, maximum (m)</source>
      <translation>Höhe, Maximum (m)</translation>
    </message>
    <message>
      <source>Relief (m)</source>
      <translation>Höhenunterschied (m)</translation>
    </message>
    <message>
      <source>Slope, mean (°)</source>
      <translation>Hangneigung, Mittel (°)</translation>
    </message>
    <message>
      <source>Aspect, mean (°)</source>
      <translation>Exposition, Mittel (°)</translation>
    </message>
    <message>
      <source>Source, longitude (°)</source>
      <translation>Ursprung, Länge (°)</translation>
    </message>
    <message>
      <source>Source, latitude (°)</source>
      <translation>Ursprung, Breite (°)</translation>
    </message>
    <message>
      <source>Toe, longitude (°)</source>
      <translation>Fuß, Länge (°)</translation>
    </message>
    <message>
      <source>Toe, latitude (°)</source>
      <translation>Fuß, Breite (°)</translation>
    </message>
    <message>
      <source>Distance to image edge (m)</source>
      <translation>Abstand zum Bildrand (m)</translation>
    </message>
    <message>
      <source>Distance to masked area (m)</source>
      <translation>Abstand zu maskierter Fläche (m)</translation>
    </message>
    <message>
      <source>NDVI, mean</source>
      <translation>NDVI, Mittel</translation>
    </message>
    <message>
      <source>NDVI change</source>
      <translation>Änderung des NDVI</translation>
    </message>
    <message>
      <source>Brightness change (DN)</source>
      <translation>Änderung der Helligkeit (DN)</translation>
    </message>
    <message>
      <source>Volume estimate (m³)</source>
      <translation>Geschätztes Volumen (m³)</translation>
    </message>
    <message>
      <source>Volume, lower bound (m³)</source>
      <translation>Volumen, untere Grenze (m³)</translation>
    </message>
    <message>
      <source>Volume, upper bound (m³)</source>
      <translation>Volumen, obere Grenze (m³)</translation>
    </message>
    <message>
      <source>Model</source>
      <translation>Modell</translation>
    </message>
    <message>
      <source>Model digest</source>
      <translation>Prüfsumme des Modells</translation>
    </message>
    <message>
      <source>Engine version</source>
      <translation>Version der Engine</translation>
    </message>
    <message>
      <source>Threshold</source>
      <translation>Schwelle</translation>
    </message>
    <message>
      <source>Images</source>
      <translation>Bilder</translation>
    </message>
    <message>
      <source>Elevation model</source>
      <translation>Höhenmodell</translation>
    </message>
    <message>
      <source>Detected on</source>
      <translation>Erkannt am</translation>
    </message>
    <message>
      <source>Kept from run</source>
      <translation>Behalten aus dem Lauf</translation>
    </message>
    <message>
      <source>Type and event</source>
      <translation>Typ und Ereignis</translation>
    </message>
    <message>
      <source>Size and terrain</source>
      <translation>Größe und Gelände</translation>
    </message>
    <message>
      <source>Surroundings</source>
      <translation>Umgebung</translation>
    </message>
    <message>
      <source>Origin</source>
      <translation>Herkunft</translation>
    </message>
    <message>
      <source>Pending</source>
      <translation>Offen</translation>
    </message>
    <message>
      <source>Needs review</source>
      <translation>Zweiter Blick</translation>
    </message>
    <message>
      <source>Accepted</source>
      <translation>Angenommen</translation>
    </message>
    <message>
      <source>Edited</source>
      <translation>Bearbeitet</translation>
    </message>
    <message>
      <source>Rejected</source>
      <translation>Abgelehnt</translation>
    </message>
    <message>
      <source>No status</source>
      <translation>Ohne Stand</translation>
    </message>
    <message>
      <source>Pending: not looked at yet</source>
      <translation>Offen: noch nicht angesehen</translation>
    </message>
    <message>
      <source>Needs review: a second look is asked for</source>
      <translation>Zweiter Blick: Jemand soll noch einmal hinsehen</translation>
    </message>
    <message>
      <source>Accepted: a landslide, outline as detected</source>
      <translation>Angenommen: eine Rutschung, Umriss wie erkannt</translation>
    </message>
    <message>
      <source>Edited: a landslide, outline or attributes corrected</source>
      <translation>Bearbeitet: eine Rutschung, Umriss oder Angaben berichtigt</translation>
    </message>
    <message>
      <source>Rejected: not a landslide</source>
      <translation>Abgelehnt: keine Rutschung</translation>
    </message>
    <message>
      <source>Bare soil or ploughed field</source>
      <translation>Kahler Boden oder gepflügtes Feld</translation>
    </message>
    <message>
      <source>River bed or bank</source>
      <translation>Flussbett oder Ufer</translation>
    </message>
    <message>
      <source>Road, quarry or building site</source>
      <translation>Straße, Steinbruch oder Baustelle</translation>
    </message>
    <message>
      <source>Clear-cut or burnt area</source>
      <translation>Kahlschlag oder Brandfläche</translation>
    </message>
    <message>
      <source>Cloud, shadow or snow</source>
      <translation>Wolke, Schatten oder Schnee</translation>
    </message>
    <message>
      <source>Bare rock or scree, not recent</source>
      <translation>Fels oder Schutt, nicht frisch</translation>
    </message>
    <message>
      <source>Older than the event</source>
      <translation>Älter als das Ereignis</translation>
    </message>
    <message>
      <source>Part of another landslide</source>
      <translation>Teil einer anderen Rutschung</translation>
    </message>
    <message>
      <source>Other, see the notes</source>
      <translation>Anderes, siehe Notizen</translation>
    </message>
    <message>
      <source>8 High confidence in extent or nature</source>
      <translation>8 Ausdehnung oder Art sehr sicher</translation>
    </message>
    <message>
      <source>5 Confident</source>
      <translation>5 Sicher</translation>
    </message>
    <message>
      <source>3 Likely</source>
      <translation>3 Wahrscheinlich</translation>
    </message>
    <message>
      <source>2 Probable</source>
      <translation>2 Vermutlich</translation>
    </message>
    <message>
      <source>1 Possible</source>
      <translation>1 Möglich</translation>
    </message>
    <message>
      <source>Fall</source>
      <translation>Sturz</translation>
    </message>
    <message>
      <source>Topple</source>
      <translation>Kippung</translation>
    </message>
    <message>
      <source>Rotational slide</source>
      <translation>Rotationsrutschung</translation>
    </message>
    <message>
      <source>Translational or planar slide</source>
      <translation>Translationsrutschung</translation>
    </message>
    <message>
      <source>Wedge, compound or irregular slide</source>
      <translation>Keil-, zusammengesetzte oder unregelmäßige Rutschung</translation>
    </message>
    <message>
      <source>Spread</source>
      <translation>Driften</translation>
    </message>
    <message>
      <source>Debris flow</source>
      <translation>Murgang</translation>
    </message>
    <message>
      <source>Mud flow</source>
      <translation>Schlammstrom</translation>
    </message>
    <message>
      <source>Earthflow</source>
      <translation>Erdstrom</translation>
    </message>
    <message>
      <source>Debris or rock avalanche</source>
      <translation>Schutt- oder Felslawine</translation>
    </message>
    <message>
      <source>Dry flow or flow slide</source>
      <translation>Trockener Strom oder Fließrutschung</translation>
    </message>
    <message>
      <source>Slope deformation or creep</source>
      <translation>Hangdeformation oder Kriechen</translation>
    </message>
    <message>
      <source>Complex</source>
      <translation>Komplex</translation>
    </message>
    <message>
      <source>Unknown</source>
      <translation>Unbekannt</translation>
    </message>
    <message>
      <source>Rock</source>
      <translation>Fels</translation>
    </message>
    <message>
      <source>Debris</source>
      <translation>Schutt</translation>
    </message>
    <message>
      <source>Earth</source>
      <translation>Erde</translation>
    </message>
    <message>
      <source>Mixed</source>
      <translation>Gemischt</translation>
    </message>
    <message>
      <source>Rainfall</source>
      <translation>Niederschlag</translation>
    </message>
    <message>
      <source>Earthquake</source>
      <translation>Erdbeben</translation>
    </message>
    <message>
      <source>Snowmelt or thaw</source>
      <translation>Schneeschmelze oder Tauen</translation>
    </message>
    <message>
      <source>Volcanic activity</source>
      <translation>Vulkanismus</translation>
    </message>
    <message>
      <source>Undercutting by a river</source>
      <translation>Unterschneidung durch einen Fluss</translation>
    </message>
    <message>
      <source>Construction, mining or other human activity</source>
      <translation>Bau, Bergbau oder anderes menschliches Tun</translation>
    </message>
    <message>
      <source>Other</source>
      <translation>Anderes</translation>
    </message>
    <message>
      <source>Landslides: help</source>
      <translation>Hangrutschungen: Hilfe</translation>
    </message>
    <message>
      <source>Probability</source>
      <translation>Wahrscheinlichkeit</translation>
    </message>
    <message>
      <source>Uncertainty</source>
      <translation>Unsicherheit</translation>
    </message>
    <message>
      <source>Before the event</source>
      <translation>Vor dem Ereignis</translation>
    </message>
    <message>
      <source>Legend</source>
      <translation>Legende</translation>
    </message>
    <message>
      <source>Contains modified Copernicus Sentinel data.</source>
      <translation>Enthält veränderte Copernicus-Sentinel-Daten.</translation>
    </message>
    <message>
      <source>Drawn on {date} with l4s.</source>
      <translation>Gezeichnet am {date} mit l4s.</translation>
    </message>
    <message>
      <source>Image: {names}</source>
      <translation>Bild: {names}</translation>
    </message>
    <message>
      <source>Elevation: {names}</source>
      <translation>Höhen: {names}</translation>
    </message>
    <message>
      <source>Model: {names}</source>
      <translation>Modell: {names}</translation>
    </message>
    <message>
      <source>Stopped on request. The same folder goes on from where it stopped; delete it if you do not need it.</source>
      <translation>Auf Wunsch angehalten. Derselbe Ordner macht weiter, wo er stehen blieb; löschen Sie ihn, wenn Sie ihn nicht brauchen.</translation>
    </message>
    <message>
      <source>The engine's Python could not be started. Open “Landslides ▸ Engine…” and repair it or choose another one.</source>
      <translation>Das Python der Engine ließ sich nicht starten. Öffnen Sie „Rutschungen ▸ Engine…“ und reparieren Sie es oder wählen Sie ein anderes.</translation>
    </message>
    <message>
      <source>The engine ended unexpectedly; QGIS is not affected. Often memory ran out: close other programs or choose a smaller area, and try again.</source>
      <translation>Die Engine endete unerwartet; QGIS ist nicht betroffen. Oft fehlte Arbeitsspeicher: schließen Sie andere Programme oder wählen Sie ein kleineres Gebiet, und versuchen Sie es erneut.</translation>
    </message>
    <message>
      <source>The engine stopped without saying why; the details show its last lines.</source>
      <translation>Die Engine hielt an, ohne den Grund zu nennen; die Einzelheiten zeigen ihre letzten Zeilen.</translation>
    </message>
    <message>
      <source>The engine ended without a result. Open “Landslides ▸ Engine…” and repair it.</source>
      <translation>Die Engine endete ohne Ergebnis. Öffnen Sie „Rutschungen ▸ Engine…“ und reparieren Sie sie.</translation>
    </message>
    <message>
      <source>The engine is not installed in the chosen Python. Open “Landslides ▸ Engine…” and repair it or choose another one.</source>
      <translation>Im gewählten Python ist die Engine nicht installiert. Öffnen Sie „Rutschungen ▸ Engine…“ und reparieren Sie es oder wählen Sie ein anderes.</translation>
    </message>
    <message>
      <source>The engine's version does not fit this plugin. Open “Landslides ▸ Engine…” and update it.</source>
      <translation>Die Version der Engine passt nicht zu dieser Erweiterung. Öffnen Sie „Rutschungen ▸ Engine…“ und aktualisieren Sie sie.</translation>
    </message>
    <message>
      <source>The engine is not installed yet. Open “Landslides ▸ Engine…” and install it; that is needed only once.</source>
      <translation>Die Engine ist noch nicht installiert. Öffnen Sie „Rutschungen ▸ Engine…“ und installieren Sie sie; das ist nur einmal nötig.</translation>
    </message>
    <message>
      <source>The engine belongs to another version of this plugin. Open “Landslides ▸ Engine…” and update it.</source>
      <translation>Die Engine gehört zu einer anderen Version dieser Erweiterung. Öffnen Sie „Rutschungen ▸ Engine…“ und aktualisieren Sie sie.</translation>
    </message>
    <message>
      <source>The engine's folder is damaged or was removed. Open “Landslides ▸ Engine…” and repair it.</source>
      <translation>Der Ordner der Engine ist beschädigt oder wurde entfernt. Öffnen Sie „Rutschungen ▸ Engine…“ und reparieren Sie ihn.</translation>
    </message>
    <message>
      <source>A file or folder does not exist; it may have been moved or renamed.</source>
      <translation>Eine Datei oder ein Ordner fehlt; vielleicht wurde sie verschoben oder umbenannt.</translation>
    </message>
    <message>
      <source>A file cannot be read: it is damaged, incomplete or of another format.</source>
      <translation>Eine Datei ist nicht lesbar: sie ist beschädigt, unvollständig oder von anderem Format.</translation>
    </message>
    <message>
      <source>The Sentinel-2 or DEM product is incomplete or contradicts itself; download it again.</source>
      <translation>Das Sentinel-2- oder Höhenprodukt ist unvollständig oder widersprüchlich; laden Sie es erneut herunter.</translation>
    </message>
    <message>
      <source>Channels are missing or not named; set them by hand in the list of channels or choose another model.</source>
      <translation>Kanäle fehlen oder sind nicht benannt; ordnen Sie sie in der Kanalliste von Hand zu oder wählen Sie ein anderes Modell.</translation>
    </message>
    <message>
      <source>The rasters do not fit together.</source>
      <translation>Die Raster passen nicht zueinander.</translation>
    </message>
    <message>
      <source>A layer has no coordinate reference system; set it in the layer's properties.</source>
      <translation>Ein Layer hat kein Koordinatenbezugssystem; setzen Sie es in den Layereigenschaften.</translation>
    </message>
    <message>
      <source>The image, the DEM and the area do not cover any common ground; check their coordinate reference systems.</source>
      <translation>Bild, Höhenmodell und Gebiet haben keine gemeinsame Fläche; prüfen Sie ihre Koordinatenbezugssysteme.</translation>
    </message>
    <message>
      <source>There are no, or too few, pixels with data in the area.</source>
      <translation>Im Gebiet gibt es keine oder zu wenige Pixel mit Daten.</translation>
    </message>
    <message>
      <source>An option makes no sense.</source>
      <translation>Eine Einstellung ergibt keinen Sinn.</translation>
    </message>
    <message>
      <source>The labelled data cannot be used.</source>
      <translation>Die Trainingsdaten sind nicht verwendbar.</translation>
    </message>
    <message>
      <source>The model cannot be loaded.</source>
      <translation>Das Modell lässt sich nicht laden.</translation>
    </message>
    <message>
      <source>A file of the model is damaged or was changed; copy the model again.</source>
      <translation>Eine Datei des Modells ist beschädigt oder wurde geändert; kopieren Sie das Modell erneut.</translation>
    </message>
    <message>
      <source>The model's weights are in a format that could run any code, and are refused.</source>
      <translation>Die Gewichte des Modells haben ein Format, das beliebigen Code ausführen könnte, und werden abgelehnt.</translation>
    </message>
    <message>
      <source>The inventory cannot be used.</source>
      <translation>Das Inventar ist nicht verwendbar.</translation>
    </message>
    <message>
      <source>The results cannot be written; choose a folder in which you may write.</source>
      <translation>Die Ergebnisse lassen sich nicht schreiben; wählen Sie einen Ordner, in den Sie schreiben dürfen.</translation>
    </message>
    <message>
      <source>Another run works in this folder at the moment; wait until it is done, or choose another folder.</source>
      <translation>Ein anderer Lauf arbeitet gerade in diesem Ordner; warten, bis er fertig ist, oder einen anderen Ordner wählen.</translation>
    </message>
    <message>
      <source>The disk is full; free some space or choose another output folder.</source>
      <translation>Der Datenträger ist voll; schaffen Sie Platz oder wählen Sie einen anderen Ausgabeordner.</translation>
    </message>
    <message>
      <source>This needs the full installation. Open “Landslides ▸ Engine…” and install it.</source>
      <translation>Das braucht die volle Installation. Öffnen Sie „Rutschungen ▸ Engine…“ und installieren Sie sie.</translation>
    </message>
    <message>
      <source>The chosen device cannot be used; choose “Automatic” or “CPU”.</source>
      <translation>Das gewählte Gerät ist nicht verwendbar; wählen Sie „Automatisch“ oder „CPU“.</translation>
    </message>
    <message>
      <source>Something that was given cannot be used.</source>
      <translation>Eine Eingabe ist nicht verwendbar.</translation>
    </message>
    <message>
      <source>The engine met a bug. Please report it with the details.</source>
      <translation>Die Engine stieß auf einen Fehler in sich selbst. Bitte melden Sie ihn mit den Einzelheiten.</translation>
    </message>
    <message>
      <source>A part of the ground has no elevation; most landslides are missed there. Add the missing elevation.</source>
      <translation>Ein Teil des Bodens hat keine Höhen; dort fehlen die meisten Rutschungen. Die fehlenden Höhen hinzufügen.</translation>
    </message>
    <message>
      <source>The stack's pixels are not of 10 m, for which models are made: expect landslides to be missed or invented. Choose the original image instead of the stack.</source>
      <translation>Die Pixel des Stapels haben nicht die 10 m, für die Modelle gemacht sind: Rutschungen werden fehlen oder erfunden. Statt des Stapels das ursprüngliche Bild wählen.</translation>
    </message>
    <message>
      <source>The folder held a stopped run of another image, model or setting; it was discarded, and the detection began anew.</source>
      <translation>Im Ordner lag ein angehaltener Lauf mit anderem Bild, Modell oder anderer Einstellung; er wurde verworfen, und die Erkennung begann neu.</translation>
    </message>
    <message>
      <source>The folder holds files of an earlier run that tell nothing of this one; remove them where they are not needed.</source>
      <translation>Im Ordner liegen Dateien eines früheren Laufs, die über diesen nichts sagen; entfernen Sie sie, wenn sie nicht gebraucht werden.</translation>
    </message>
    <message>
      <source>A band covers only part of the ground of the others; the rest of it has no data.</source>
      <translation>Ein Kanal deckt nur einen Teil der Fläche der anderen ab; der Rest hat darin keine Daten.</translation>
    </message>
    <message>
      <source>The images before and after are the same, or one is brighter throughout: their change tells nothing. Check both.</source>
      <translation>Die Bilder vorher und nachher sind dieselben, oder eines ist durchweg heller: Ihre Veränderung sagt nichts aus. Beide prüfen.</translation>
    </message>
    <message>
      <source>The image is far coarser than the 10 m for which models are made; small landslides will be missed.</source>
      <translation>Das Bild ist viel gröber als die 10 m, für die Modelle gemacht sind; kleine Rutschungen werden fehlen.</translation>
    </message>
    <message>
      <source>The products are of different dates; seams may show between them.</source>
      <translation>Die Produkte sind von verschiedenen Tagen; Nähte können sichtbar sein.</translation>
    </message>
    <message>
      <source>The elevation covers a part of the area only; in the rest most landslides are missed. Add the missing elevation.</source>
      <translation>Die Höhen decken nur einen Teil des Gebiets ab; im Rest fehlen die meisten Rutschungen. Die fehlenden Höhen hinzufügen.</translation>
    </message>
    <message>
      <source>The image before or after has no red or near infrared: the change of vegetation stays unknown.</source>
      <translation>Dem Bild davor oder danach fehlt Rot oder nahes Infrarot: Die Änderung der Vegetation bleibt unbekannt.</translation>
    </message>
    <message>
      <source>The darkest pixels contradict the offset that the product states; brightness may be wrong. Compare it with another product of the place.</source>
      <translation>Die dunkelsten Pixel widersprechen dem Offset, den das Produkt angibt; die Helligkeit kann falsch sein. Mit einem anderen Produkt des Ortes vergleichen.</translation>
    </message>
    <message>
      <source>Nothing tells whether the image carries the offset of products since 2022; brightness may be wrong. Prefer the product as downloaded over an export.</source>
      <translation>Nichts sagt, ob das Bild den Offset der Produkte seit 2022 enthält; die Helligkeit kann falsch sein. Besser das Produkt wie heruntergeladen als einen Export verwenden.</translation>
    </message>
    <message>
      <source>Slopes lie outside 0° to 90°: they are not in degrees, or hold values for no data that are not declared.</source>
      <translation>Hangneigungen liegen außerhalb von 0° bis 90°: Sie sind nicht in Grad, oder Werte für fehlende Daten sind nicht angegeben.</translation>
    </message>
    <message>
      <source>Slopes are so small that they may be in radians; models need degrees. Choose an elevation model instead.</source>
      <translation>Die Hangneigungen sind so klein, dass es Bogenmaß sein kann; Modelle brauchen Grad. Stattdessen ein Höhenmodell wählen.</translation>
    </message>
    <message>
      <source>A value that the file does not declare was taken for missing data.</source>
      <translation>Ein Wert, den die Datei nicht angibt, gilt als fehlende Daten.</translation>
    </message>
    <message>
      <source>Landslides that touch are not split as before, because the raster for it is not there.</source>
      <translation>Rutschungen, die sich berühren, werden nicht wie zuvor getrennt, weil das Raster dafür fehlt.</translation>
    </message>
    <message>
      <source>One area is too large to be split and stays whole.</source>
      <translation>Eine Fläche ist zu groß, um geteilt zu werden, und bleibt ganz.</translation>
    </message>
    <message>
      <source>The engine reported “{code}”.</source>
      <translation>Die Engine meldete „{code}“.</translation>
    </message>
    <message>
      <source>Natural colour</source>
      <translation>Natürliche Farben</translation>
    </message>
    <message>
      <source>False colour</source>
      <translation>Falschfarben</translation>
    </message>
    <message>
      <source>Find landslides in a Sentinel-2 image</source>
      <translation>Rutschungen in einem Sentinel-2-Bild finden</translation>
    </message>
    <message>
      <source>Review landslides</source>
      <translation>Rutschungen prüfen</translation>
    </message>
    <message>
      <source>Accept, reject and correct landslides one by one</source>
      <translation>Rutschungen einzeln annehmen, ablehnen und berichtigen</translation>
    </message>
    <message>
      <source>Engine…</source>
      <translation>Engine…</translation>
    </message>
    <message>
      <source>Install, repair or choose the engine</source>
      <translation>Engine installieren, reparieren oder wählen</translation>
    </message>
    <message>
      <source>Load or detect landslides first; the layout shows them.</source>
      <translation>Zuerst Rutschungen laden oder erkennen; das Layout zeigt sie.</translation>
    </message>
    <message>
      <source>Statistics</source>
      <translation>Statistik</translation>
    </message>
    <message>
      <source>Print layout…</source>
      <translation>Drucklayout …</translation>
    </message>
    <message>
      <source>Options…</source>
      <translation>Optionen …</translation>
    </message>
    <message>
      <source>Help</source>
      <translation>Hilfe</translation>
    </message>
    <message>
      <source>Print layout</source>
      <translation>Drucklayout</translation>
    </message>
    <message>
      <source>Bringing image and elevation onto one grid</source>
      <translation>Bild und Höhenmodell werden auf ein Gitter gebracht</translation>
    </message>
    <message>
      <source>Comparing with the image before</source>
      <translation>Vergleich mit dem Bild vorher</translation>
    </message>
    <message>
      <source>Measuring the scene</source>
      <translation>Die Szene wird vermessen</translation>
    </message>
    <message>
      <source>Looking for landslides</source>
      <translation>Rutschungen werden gesucht</translation>
    </message>
    <message>
      <source>Writing the probability</source>
      <translation>Die Wahrscheinlichkeit wird geschrieben</translation>
    </message>
    <message>
      <source>Looking for the threshold</source>
      <translation>Der Schwellenwert wird gesucht</translation>
    </message>
    <message>
      <source>Applying the threshold</source>
      <translation>Der Schwellenwert wird angewandt</translation>
    </message>
    <message>
      <source>Drawing outlines</source>
      <translation>Umrisse werden gezeichnet</translation>
    </message>
    <message>
      <source>Measuring landslides</source>
      <translation>Rutschungen werden vermessen</translation>
    </message>
    <message>
      <source>Writing the report</source>
      <translation>Der Bericht wird geschrieben</translation>
    </message>
    <message>
      <source>Comparing</source>
      <translation>Vergleich</translation>
    </message>
    <message>
      <source>Cutting patches</source>
      <translation>Bildausschnitte werden geschnitten</translation>
    </message>
    <message>
      <source>Reading patches</source>
      <translation>Bildausschnitte werden gelesen</translation>
    </message>
    <message>
      <source>Training</source>
      <translation>Training</translation>
    </message>
    <message>
      <source>Writing the map</source>
      <translation>Karte wird geschrieben</translation>
    </message>
    <message>
      <source>Making the scene</source>
      <translation>Die Szene wird gemacht</translation>
    </message>
    <message>
      <source>Detection</source>
      <translation>Erkennung</translation>
    </message>
    <message>
      <source>Inventory</source>
      <translation>Inventar</translation>
    </message>
    <message>
      <source>“{name}” is not a layer that can be read.</source>
      <translation>„{name}“ ist kein lesbarer Layer.</translation>
    </message>
    <message>
      <source>“{name}” has no coordinate reference system; set it in the layer's properties.</source>
      <translation>„{name}“ hat kein Koordinatenbezugssystem; setzen Sie es in den Layereigenschaften.</translation>
    </message>
    <message>
      <source>Finds landslides in a Sentinel-2 image with the help of elevation, and writes the probability, the mask, polygons with attributes and a report into a folder. The image is a layer whose bands are Sentinel-2 channels, or a product as downloaded. Without elevation the result is less certain. The engine works in a process of its own.</source>
      <translation>Findet Rutschungen in einem Sentinel-2-Bild mithilfe eines Höhenmodells und schreibt Wahrscheinlichkeit, Maske, Polygone mit Attributen und einen Bericht in einen Ordner. Das Bild ist ein Layer, dessen Bänder Sentinel-2-Kanäle sind, oder ein Produkt wie heruntergeladen. Ohne Höhenmodell ist das Ergebnis weniger sicher. Die Engine arbeitet in einem eigenen Prozess.</translation>
    </message>
    <message>
      <source>the product's own</source>
      <translation>die des Produkts</translation>
    </message>
    <message>
      <source>bright ground that is not red: cloud, haze and snow</source>
      <translation>heller, nicht roter Boden: Wolke, Dunst und Schnee</translation>
    </message>
    <message>
      <source>computed from Level-1C bands (s2cloudless)</source>
      <translation>aus Level-1C-Bändern berechnet (s2cloudless)</translation>
    </message>
    <message>
      <source>Cloud mask</source>
      <translation>Wolkenmaske</translation>
    </message>
    <message>
      <source>Image after the event (layer)</source>
      <translation>Bild nach dem Ereignis (Layer)</translation>
    </message>
    <message>
      <source>Or several layers, one for each band</source>
      <translation>Oder mehrere Layer, einer für jedes Band</translation>
    </message>
    <message>
      <source>Channels of all bands, such as B02,B03,B04,- (empty: by description)</source>
      <translation>Kanäle aller Bänder, etwa B02,B03,B04,- (leer: nach Beschreibung)</translation>
    </message>
    <message>
      <source>Or a Sentinel-2 product (SAFE folder, its MTD_…xml, or zip)</source>
      <translation>Oder ein Sentinel-2-Produkt (SAFE-Ordner, sein MTD_…xml oder Zip)</translation>
    </message>
    <message>
      <source>Area (polygons)</source>
      <translation>Gebiet (Polygone)</translation>
    </message>
    <message>
      <source>Or area (extent)</source>
      <translation>Oder Gebiet (Ausdehnung)</translation>
    </message>
    <message>
      <source>The image is a stack already, with or without a cloud mask; choose the cloud mask where the stack is made.</source>
      <translation>Das Bild ist schon ein Stapel, mit oder ohne Wolkenmaske; wählen Sie die Wolkenmaske dort, wo der Stapel gemacht wird.</translation>
    </message>
    <message>
      <source>Give either an image layer or a Sentinel-2 product.</source>
      <translation>Geben Sie entweder einen Bildlayer oder ein Sentinel-2-Produkt an.</translation>
    </message>
    <message>
      <source>Elevation or slope is among the image's layers; choose it under “Elevation” instead.</source>
      <translation>Höhe oder Hangneigung ist unter den Layern des Bildes; wählen Sie sie stattdessen unter „Höhe“.</translation>
    </message>
    <message>
      <source>Product or image before the event</source>
      <translation>Produkt oder Bild vor dem Ereignis</translation>
    </message>
    <message>
      <source>Models: names or folders, separated by “;” (empty: the bundled one)</source>
      <translation>Modelle: Namen oder Ordner, getrennt durch „;“ (leer: das mitgelieferte)</translation>
    </message>
    <message>
      <source>Threshold (empty: the model's)</source>
      <translation>Schwellenwert (leer: der des Modells)</translation>
    </message>
    <message>
      <source>Minimum mapping unit (m²)</source>
      <translation>Kleinste Kartiereinheit (m²)</translation>
    </message>
    <message>
      <source>Views averaged</source>
      <translation>Gemittelte Ansichten</translation>
    </message>
    <message>
      <source>Outlines</source>
      <translation>Umrisse</translation>
    </message>
    <message>
      <source>Sharpen outlines along edges of the image (CRF)</source>
      <translation>Umrisse an Kanten des Bildes schärfen (CRF)</translation>
    </message>
    <message>
      <source>Device (auto, cpu, cuda)</source>
      <translation>Gerät (auto, cpu, cuda)</translation>
    </message>
    <message>
      <source>Folder for the results</source>
      <translation>Ordner für die Ergebnisse</translation>
    </message>
    <message>
      <source>Mask</source>
      <translation>Maske</translation>
    </message>
    <message>
      <source>Report</source>
      <translation>Bericht</translation>
    </message>
    <message>
      <source>Number of landslides</source>
      <translation>Anzahl der Rutschungen</translation>
    </message>
    <message>
      <source>four (slower)</source>
      <translation>vier (langsamer)</translation>
    </message>
    <message>
      <source>eight (slowest)</source>
      <translation>acht (am langsamsten)</translation>
    </message>
    <message>
      <source>The channels cannot be used: {reason}.</source>
      <translation>Die Kanäle sind nicht verwendbar: {reason}.</translation>
    </message>
    <message>
      <source>No band of the image is assigned to a channel; assign at least blue, green and red.</source>
      <translation>Kein Band des Bildes ist einem Kanal zugeordnet; ordnen Sie mindestens Blau, Grün und Rot zu.</translation>
    </message>
    <message>
      <source>“{name}” cannot be read: its file is damaged, was moved or is of an unknown format.</source>
      <translation>„{name}“ ist nicht lesbar: die Datei ist beschädigt, wurde verschoben oder hat ein unbekanntes Format.</translation>
    </message>
    <message>
      <source>“{name}” holds 8-bit colours, not reflectance, as in a screenshot or a preview. Choose the original Sentinel-2 bands.</source>
      <translation>„{name}“ enthält 8-Bit-Farben statt Reflexionsgraden, wie ein Bildschirmfoto oder eine Vorschau. Wählen Sie die originalen Sentinel-2-Bänder.</translation>
    </message>
    <message>
      <source>“{name}” comes from a server or is virtual. Save it as a GeoTIFF first (Export ▸ Save As…).</source>
      <translation>„{name}“ kommt von einem Server oder ist virtuell. Speichern Sie den Layer zuerst als GeoTIFF (Exportieren ▸ Speichern als…).</translation>
    </message>
    <message>
      <source>NASA COOLR table (CSV)</source>
      <translation>NASA-COOLR-Tabelle (CSV)</translation>
    </message>
    <message>
      <source>Compare with a reference</source>
      <translation>Mit einer Referenz vergleichen</translation>
    </message>
    <message>
      <source>Scores an inventory against a reference inventory: found, missed and false landslides, areas, by size class.</source>
      <translation>Bewertet ein Inventar gegen ein Referenzinventar: gefundene, übersehene und falsche Rutschungen, Flächen, nach Größenklassen.</translation>
    </message>
    <message>
      <source>Report of an inventory</source>
      <translation>Bericht zu einem Inventar</translation>
    </message>
    <message>
      <source>Writes one HTML file with map, statistics, data used and limits, readable in any browser and on paper.</source>
      <translation>Schreibt eine HTML-Datei mit Karte, Statistik, verwendeten Daten und Grenzen, lesbar in jedem Browser und auf Papier.</translation>
    </message>
    <message>
      <source>Export an inventory</source>
      <translation>Inventar exportieren</translation>
    </message>
    <message>
      <source>Writes the reviewed inventory, accepted and edited landslides only or all, in a format for others.</source>
      <translation>Schreibt das geprüfte Inventar, nur angenommene und bearbeitete Rutschungen oder alle, in einem Format für andere.</translation>
    </message>
    <message>
      <source>Reference</source>
      <translation>Referenz</translation>
    </message>
    <message>
      <source>Table</source>
      <translation>Tabelle</translation>
    </message>
    <message>
      <source>Stack, for the image below the map</source>
      <translation>Stapel, für das Bild unter der Karte</translation>
    </message>
    <message>
      <source>Probability, for its map</source>
      <translation>Wahrscheinlichkeit, für ihre Karte</translation>
    </message>
    <message>
      <source>Format</source>
      <translation>Format</translation>
    </message>
    <message>
      <source>Only accepted and edited landslides</source>
      <translation>Nur angenommene und bearbeitete Rutschungen</translation>
    </message>
    <message>
      <source>File</source>
      <translation>Datei</translation>
    </message>
    <message>
      <source>Landslides (l4s)</source>
      <translation>Rutschungen (l4s)</translation>
    </message>
    <message>
      <source>Simulated scene</source>
      <translation>Simulierte Szene</translation>
    </message>
    <message>
      <source>Writes a simulated Sentinel-2 image with landslides, its elevation model and the true outlines, to try a detection and its review without any download.</source>
      <translation>Schreibt ein simuliertes Sentinel-2-Bild mit Rutschungen, sein Höhenmodell und die wahren Umrisse, um eine Erkennung und ihre Prüfung ohne Download zu versuchen.</translation>
    </message>
    <message>
      <source>Width and height in pixels of 10 m</source>
      <translation>Breite und Höhe in Pixeln von 10 m</translation>
    </message>
    <message>
      <source>Number of the landscape</source>
      <translation>Nummer der Landschaft</translation>
    </message>
    <message>
      <source>Folder for the scene</source>
      <translation>Ordner für die Szene</translation>
    </message>
    <message>
      <source>Image</source>
      <translation>Bild</translation>
    </message>
    <message>
      <source>Stack image and elevation</source>
      <translation>Bild und Höhenmodell stapeln</translation>
    </message>
    <message>
      <source>Brings the bands of a Sentinel-2 image or product, elevation and slope onto one 10 m grid, as digital numbers, metres and degrees, with a cloud mask. Useful where several detections are tried on one scene.</source>
      <translation>Bringt die Bänder eines Sentinel-2-Bildes oder -Produkts, Höhe und Hangneigung auf ein 10-m-Gitter, als Digitalwerte, Meter und Grad, mit einer Wolkenmaske. Nützlich, wenn an einer Szene mehrere Erkennungen versucht werden.</translation>
    </message>
    <message>
      <source>Kernel for bands of 20 m and 60 m</source>
      <translation>Verfahren für Bänder von 20 m und 60 m</translation>
    </message>
    <message>
      <source>Stack</source>
      <translation>Stapel</translation>
    </message>
    <message>
      <source>Train a model</source>
      <translation>Modell trainieren</translation>
    </message>
    <message>
      <source>Trains a model on labelled patches by a recipe, and writes a bundle that “Detect landslides” takes. Needs the full installation, and a GPU for more than a few patches.</source>
      <translation>Trainiert ein Modell an Bildausschnitten mit Referenz nach einem Rezept und schreibt ein Modellpaket, das „Rutschungen erkennen“ annimmt. Braucht die volle Installation und für mehr als wenige Ausschnitte eine Grafikkarte.</translation>
    </message>
    <message>
      <source>Adapt a model to a scene</source>
      <translation>Modell an eine Szene anpassen</translation>
    </message>
    <message>
      <source>Trains models further with labelled patches and their own careful guesses on unlabelled ones. Needs the full installation.</source>
      <translation>Trainiert Modelle weiter, mit Bildausschnitten mit Referenz und ihren eigenen vorsichtigen Schätzungen auf solchen ohne. Braucht die volle Installation.</translation>
    </message>
    <message>
      <source>Patches from a reviewed inventory</source>
      <translation>Bildausschnitte aus einem geprüften Inventar</translation>
    </message>
    <message>
      <source>Cuts a stack and its accepted and edited landslides into labelled patches for “Train a model”. Rejected landslides become background, which is how corrections teach; landslides that are still pending would too, so review the whole area first.</source>
      <translation>Schneidet einen Stapel und seine angenommenen und bearbeiteten Rutschungen in Bildausschnitte für „Modell trainieren“. Abgelehnte Rutschungen werden Hintergrund, so lehren Berichtigungen; noch offene würden es auch, prüfen Sie also zuerst das ganze Gebiet.</translation>
    </message>
    <message>
      <source>Labelled patches</source>
      <translation>Bildausschnitte mit Referenz</translation>
    </message>
    <message>
      <source>Recipe: a name or a TOML file</source>
      <translation>Rezept: ein Name oder eine TOML-Datei</translation>
    </message>
    <message>
      <source>Settings, such as optimizer.lr=0.001, separated by “;”</source>
      <translation>Einstellungen, etwa optimizer.lr=0.001, getrennt durch „;“</translation>
    </message>
    <message>
      <source>Go on with an interrupted run</source>
      <translation>Einen unterbrochenen Lauf fortsetzen</translation>
    </message>
    <message>
      <source>Folder for the run</source>
      <translation>Ordner für den Lauf</translation>
    </message>
    <message>
      <source>Models: names or folders, separated by “;”</source>
      <translation>Modelle: Namen oder Ordner, getrennt durch „;“</translation>
    </message>
    <message>
      <source>Unlabelled patches</source>
      <translation>Bildausschnitte ohne Referenz</translation>
    </message>
    <message>
      <source>Folder for labelled patches</source>
      <translation>Ordner für Bildausschnitte mit Referenz</translation>
    </message>
    <message>
      <source>The layer is no landslide inventory: it has no column “status”.</source>
      <translation>Der Layer ist kein Rutschungsinventar: ihm fehlt die Spalte „status“.</translation>
    </message>
    <message>
      <source>No landslide is accepted or edited yet; review some first.</source>
      <translation>Noch keine Rutschung ist angenommen oder bearbeitet; prüfen Sie zuerst einige.</translation>
    </message>
    <message>
      <source>Polygons from probability</source>
      <translation>Polygone aus der Wahrscheinlichkeit</translation>
    </message>
    <message>
      <source>Draws landslide polygons with all attributes from a probability raster, at any threshold. Where the file exists already, its reviewed polygons are kept and the others are drawn as before.</source>
      <translation>Zeichnet Rutschungspolygone mit allen Attributen aus einem Wahrscheinlichkeitsraster, bei beliebigem Schwellenwert. Gibt es die Datei schon, bleiben ihre geprüften Polygone erhalten, und die anderen werden wie zuvor gezeichnet.</translation>
    </message>
    <message>
      <source>Stack, for terrain attributes</source>
      <translation>Stapel, für Geländeattribute</translation>
    </message>
    <message>
      <source>GeoPackage</source>
      <translation>GeoPackage</translation>
    </message>
    <message>
      <source>Map for people without a GIS</source>
      <translation>Karte für Menschen ohne GIS</translation>
    </message>
    <message>
      <source>Open</source>
      <translation>Öffnen</translation>
    </message>
    <message>
      <source>New outlines</source>
      <translation>Neue Umrisse</translation>
    </message>
    <message>
      <source>Export landslides</source>
      <translation>Rutschungen exportieren</translation>
    </message>
    <message>
      <source>&amp;Format</source>
      <translation>&amp;Format</translation>
    </message>
    <message>
      <source>F&amp;ile</source>
      <translation>&amp;Datei</translation>
    </message>
    <message>
      <source>The stack from which this inventory was made is gone; make it again with “Stack image and elevation”.</source>
      <translation>Der Stapel, aus dem dieses Inventar entstand, fehlt; erzeugen Sie ihn neu mit „Bild und Höhenmodell stapeln“.</translation>
    </message>
    <message>
      <source>Patches for training</source>
      <translation>Bildausschnitte für das Training</translation>
    </message>
    <message>
      <source>The landslides are in QGIS's edit mode. Press “Save edits” first.</source>
      <translation>Die Rutschungen sind im Bearbeitungsmodus von QGIS. Drücken Sie zuerst „Speichern“.</translation>
    </message>
    <message>
      <source>Add to map</source>
      <translation>Zur Karte hinzufügen</translation>
    </message>
    <message>
      <source>Export</source>
      <translation>Export</translation>
    </message>
    <message>
      <source>Written: {path}</source>
      <translation>Geschrieben: {path}</translation>
    </message>
    <message>
      <source>{n} landslides are still pending and would be taught as background; decide on them first where you can.</source>
      <translation>{n} Rutschungen sind noch offen und würden als Hintergrund gelehrt; entscheiden Sie zuerst über sie, wo Sie können.</translation>
    </message>
    <message>
      <source>QGIS cannot read {path}.</source>
      <translation>QGIS kann {path} nicht lesen.</translation>
    </message>
    <message>
      <source>There is nothing to undo.</source>
      <translation>Es gibt nichts rückgängig zu machen.</translation>
    </message>
    <message>
      <source>This landslide was not in view; here it is. Decide now.</source>
      <translation>Diese Rutschung war nicht im Bild; hier ist sie. Entscheiden Sie jetzt.</translation>
    </message>
    <message>
      <source>Decide on many landslides</source>
      <translation>Über viele Rutschungen entscheiden</translation>
    </message>
    <message>
      <source>&amp;Of</source>
      <translation>&amp;Von</translation>
    </message>
    <message>
      <source>does not matter</source>
      <translation>egal</translation>
    </message>
    <message>
      <source>any flag</source>
      <translation>irgendein Hinweis</translation>
    </message>
    <message>
      <source>no flag</source>
      <translation>kein Hinweis</translation>
    </message>
    <message>
      <source>&amp;Flag</source>
      <translation>&amp;Hinweis</translation>
    </message>
    <message>
      <source>Leave landslides alone on which somebody decided</source>
      <translation>Schon entschiedene Rutschungen auslassen</translation>
    </message>
    <message>
      <source>&amp;Decision</source>
      <translation>&amp;Entscheidung</translation>
    </message>
    <message>
      <source>&amp;Reason</source>
      <translation>&amp;Grund</translation>
    </message>
    <message>
      <source>Leave for later</source>
      <translation>Für später lassen</translation>
    </message>
    <message>
      <source>Decides nothing: landslides of this rule come last when you go through the rest</source>
      <translation>Entscheidet nichts: Rutschungen dieser Regel kommen zuletzt, wenn Sie die übrigen durchgehen</translation>
    </message>
    <message>
      <source>Decide</source>
      <translation>Entscheiden</translation>
    </message>
    <message>
      <source>all landslides</source>
      <translation>allen Rutschungen</translation>
    </message>
    <message>
      <source>landslides in view</source>
      <translation>Rutschungen im Bild</translation>
    </message>
    <message>
      <source>mean &amp;probability</source>
      <translation>mittlere &amp;Wahrscheinlichkeit</translation>
    </message>
    <message>
      <source>&amp;area in m²</source>
      <translation>&amp;Fläche in m²</translation>
    </message>
    <message>
      <source>mean &amp;slope in degrees</source>
      <translation>mittlere &amp;Neigung in Grad</translation>
    </message>
    <message>
      <source>No landslide meets this.</source>
      <translation>Keine Rutschung erfüllt das.</translation>
    </message>
    <message>
      <source>at least</source>
      <translation>mindestens</translation>
    </message>
    <message>
      <source>less than</source>
      <translation>weniger als</translation>
    </message>
    <message>
      <source>Decide on {n}</source>
      <translation>Über {n} entscheiden</translation>
    </message>
    <message>
      <source>the {n} selected landslides</source>
      <translation>den {n} ausgewählten Rutschungen</translation>
    </message>
    <message>
      <source>&lt;b&gt;{n} landslides&lt;/b&gt;, {area} together. One step of undo takes all of it back.</source>
      <translation>&lt;b&gt;{n} Rutschungen&lt;/b&gt;, zusammen {area}. Ein Schritt „Rückgängig“ nimmt alles zurück.</translation>
    </message>
    <message>
      <source>{n} landslides were taken over; one step of undo takes them back.</source>
      <translation>{n} Rutschungen wurden übernommen; ein Schritt „Rückgängig“ nimmt sie zurück.</translation>
    </message>
    <message>
      <source>Written to {n} landslides; new ones get it, too.</source>
      <translation>In {n} Rutschungen geschrieben; neue bekommen es auch.</translation>
    </message>
    <message>
      <source>Event of all landslides</source>
      <translation>Ereignis aller Rutschungen</translation>
    </message>
    <message>
      <source>Keep what a landslide has already</source>
      <translation>Vorhandene Angaben behalten</translation>
    </message>
    <message>
      <source>&amp;Event</source>
      <translation>&amp;Ereignis</translation>
    </message>
    <message>
      <source>such as Hokkaido earthquake 2018</source>
      <translation>etwa Hokkaido-Erdbeben 2018</translation>
    </message>
    <message>
      <source>&amp;First day</source>
      <translation>&amp;Erster Tag</translation>
    </message>
    <message>
      <source>&amp;Last day</source>
      <translation>&amp;Letzter Tag</translation>
    </message>
    <message>
      <source>&amp;Trigger</source>
      <translation>&amp;Auslöser</translation>
    </message>
    <message>
      <source>&amp;Material</source>
      <translation>&amp;Material</translation>
    </message>
    <message>
      <source>T&amp;ype</source>
      <translation>T&amp;yp</translation>
    </message>
    <message>
      <source>leave as it is</source>
      <translation>unverändert lassen</translation>
    </message>
    <message>
      <source>&amp;Images</source>
      <translation>&amp;Bilder</translation>
    </message>
    <message>
      <source>&amp;Reviewer</source>
      <translation>&amp;Prüfer</translation>
    </message>
    <message>
      <source>Several reviewers</source>
      <translation>Mehrere Prüfer</translation>
    </message>
    <message>
      <source>Hand out parts</source>
      <translation>Teile ausgeben</translation>
    </message>
    <message>
      <source>Merge decisions</source>
      <translation>Entscheidungen zusammenführen</translation>
    </message>
    <message>
      <source>&amp;Reviewers</source>
      <translation>&amp;Prüfer</translation>
    </message>
    <message>
      <source>regions of the map</source>
      <translation>Gebieten der Karte</translation>
    </message>
    <message>
      <source>in turn, in the order of the queue</source>
      <translation>reihum, in der Reihenfolge der Durchsicht</translation>
    </message>
    <message>
      <source>&amp;Divide by</source>
      <translation>&amp;Aufteilen nach</translation>
    </message>
    <message>
      <source>Only landslides on which nobody decided</source>
      <translation>Nur Rutschungen, über die niemand entschieden hat</translation>
    </message>
    <message>
      <source>Write one GeoPackage for each</source>
      <translation>Je ein GeoPackage schreiben</translation>
    </message>
    <message>
      <source>Choose the reviewers' GeoPackages…</source>
      <translation>GeoPackages der Prüfer wählen…</translation>
    </message>
    <message>
      <source>Take over</source>
      <translation>Übernehmen</translation>
    </message>
    <message>
      <source>The reviewers' GeoPackages</source>
      <translation>GeoPackages der Prüfer</translation>
    </message>
    <message>
      <source>Ada, Ben, Chen</source>
      <translation>Ada, Ben, Chen</translation>
    </message>
    <message>
      <source>No.</source>
      <translation>Nr.</translation>
    </message>
    <message>
      <source>What is taken</source>
      <translation>Was übernommen wird</translation>
    </message>
    <message>
      <source>Name two reviewers or more, with commas between them.</source>
      <translation>Nennen Sie zwei oder mehr Prüfer, mit Kommas dazwischen.</translation>
    </message>
    <message>
      <source>{agreed} decided alike or by one, {added} drawn, {conflicts} conflicts.</source>
      <translation>{agreed} gleich oder von einem entschieden, {added} gezeichnet, {conflicts} Konflikte.</translation>
    </message>
    <message>
      <source>Not an inventory: {names}.</source>
      <translation>Kein Inventar: {names}.</translation>
    </message>
    <message>
      <source>{path} is there already; move it away or choose another folder.</source>
      <translation>{path} gibt es schon; verschieben Sie die Datei oder wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
      <source>{path} cannot be written; choose another folder.</source>
      <translation>{path} kann nicht geschrieben werden; wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
      <source>Choose an inventory that “Detect landslides” made.</source>
      <translation>Wählen Sie ein Inventar, das „Rutschungen erkennen“ erzeugt hat.</translation>
    </message>
    <message>
      <source>This inventory holds no landslide. Lower the threshold, or click to add one.</source>
      <translation>Dieses Inventar enthält keine Rutschung. Senken Sie den Schwellenwert oder fügen Sie eine durch Klicken hinzu.</translation>
    </message>
    <message>
      <source>The first day, {first}, comes after the last, {last}.</source>
      <translation>Der erste Tag, {first}, liegt nach dem letzten, {last}.</translation>
    </message>
    <message>
      <source>“{text}” is no day; write it as 2018-09-06.</source>
      <translation>„{text}“ ist kein Tag; schreiben Sie ihn wie 2018-09-06.</translation>
    </message>
    <message>
      <source>{left} left of {all} · {good} accepted, {area} · {bad} rejected</source>
      <translation>{left} von {all} offen · {good} angenommen, {area} · {bad} abgelehnt</translation>
    </message>
    <message>
      <source>&lt;b&gt;No. {id}&lt;/b&gt; ({position} of {all}), {status}</source>
      <translation>&lt;b&gt;Nr. {id}&lt;/b&gt; ({position} von {all}), {status}</translation>
    </message>
    <message>
      <source>{area} m², slope {slope}°, {length} × {width} m</source>
      <translation>{area} m², Neigung {slope}°, {length} × {width} m</translation>
    </message>
    <message>
      <source>Probability {mean} on average, up to {max}</source>
      <translation>Wahrscheinlichkeit im Mittel {mean}, bis {max}</translation>
    </message>
    <message>
      <source>Measuring the new outline…</source>
      <translation>Der neue Umriss wird vermessen…</translation>
    </message>
    <message>
      <source>{n} to look at again</source>
      <translation>{n} noch einmal anzusehen</translation>
    </message>
    <message>
      <source>Added by hand</source>
      <translation>Von Hand hinzugefügt</translation>
    </message>
    <message>
      <source>“{name}” is no landslide inventory: it has no column “{column}”.</source>
      <translation>„{name}“ ist kein Rutschungsinventar: ihm fehlt die Spalte „{column}“.</translation>
    </message>
    <message>
      <source>The decision could not be written: the file is read-only, locked by another program or gone. {reason}</source>
      <translation>Die Entscheidung ließ sich nicht schreiben: die Datei ist schreibgeschützt, von einem anderen Programm gesperrt oder fehlt. {reason}</translation>
    </message>
    <message>
      <source>Accept</source>
      <translation>Annehmen</translation>
    </message>
    <message>
      <source>Reject</source>
      <translation>Ablehnen</translation>
    </message>
    <message>
      <source>Next</source>
      <translation>Weiter</translation>
    </message>
    <message>
      <source>Back</source>
      <translation>Zurück</translation>
    </message>
    <message>
      <source>Undo</source>
      <translation>Rückgängig</translation>
    </message>
    <message>
      <source>Zoom</source>
      <translation>Zoomen</translation>
    </message>
    <message>
      <source>Click to add</source>
      <translation>Klicken und hinzufügen</translation>
    </message>
    <message>
      <source>Draw a polygon</source>
      <translation>Polygon zeichnen</translation>
    </message>
    <message>
      <source>Draw freehand</source>
      <translation>Freihändig zeichnen</translation>
    </message>
    <message>
      <source>Brush: add</source>
      <translation>Pinsel: hinzufügen</translation>
    </message>
    <message>
      <source>Brush: cut</source>
      <translation>Pinsel: wegnehmen</translation>
    </message>
    <message>
      <source>Edit vertices</source>
      <translation>Stützpunkte bearbeiten</translation>
    </message>
    <message>
      <source>Decide on many</source>
      <translation>Über viele entscheiden</translation>
    </message>
    <message>
      <source>Confidence</source>
      <translation>Sicherheit</translation>
    </message>
    <message>
      <source>nothing</source>
      <translation>nichts</translation>
    </message>
    <message>
      <source>Second map</source>
      <translation>Zweite Karte</translation>
    </message>
    <message>
      <source>Terrain</source>
      <translation>Gelände</translation>
    </message>
    <message>
      <source>Hillshade of the elevation</source>
      <translation>Schummerung des Geländes</translation>
    </message>
    <message>
      <source>Slope</source>
      <translation>Neigung</translation>
    </message>
    <message>
      <source>There is no result at this place.</source>
      <translation>An dieser Stelle gibt es kein Ergebnis.</translation>
    </message>
    <message>
      <source>The probability here is {value}, below the threshold of {threshold}; lower it to add this place.</source>
      <translation>Die Wahrscheinlichkeit ist hier {value}, unter dem Schwellenwert von {threshold}; senken Sie ihn, um diese Stelle hinzuzufügen.</translation>
    </message>
    <message>
      <source>The stroke does not touch the current landslide; nothing was changed.</source>
      <translation>Der Strich berührt die aktuelle Rutschung nicht; nichts wurde geändert.</translation>
    </message>
    <message>
      <source>Nothing of this landslide would be left; reject it instead.</source>
      <translation>Von dieser Rutschung bliebe nichts übrig; lehnen Sie sie stattdessen ab.</translation>
    </message>
    <message>
      <source>Select two or more landslides in the map first, with QGIS's selection tool.</source>
      <translation>Wählen Sie zuerst in der Karte zwei oder mehr Rutschungen aus, mit dem Auswahlwerkzeug von QGIS.</translation>
    </message>
    <message>
      <source>The layer cannot be edited: its file is read-only or gone.</source>
      <translation>Der Layer kann nicht bearbeitet werden: Seine Datei ist schreibgeschützt oder nicht mehr da.</translation>
    </message>
    <message>
      <source>The edits could not be saved and are still open: {reason}</source>
      <translation>Die Änderungen konnten nicht gespeichert werden und sind noch offen: {reason}</translation>
    </message>
    <message>
      <source>Measuring outlines</source>
      <translation>Umrisse werden vermessen</translation>
    </message>
    <message>
      <source>New outlines could not be measured; their facts stay empty. {reason}</source>
      <translation>Neue Umrisse konnten nicht vermessen werden; ihre Angaben bleiben leer. {reason}</translation>
    </message>
    <message>
      <source>One step of undo takes all of it back.</source>
      <translation>Ein Schritt „Rückgängig“ nimmt alles zurück.</translation>
    </message>
    <message>
      <source>At the threshold {value}: {changed} landslides get another outline and keep their number, {added} are new, {removed} disappear, {same} stay. {kept} on which somebody decided are not touched.</source>
      <translation>Bei der Schwelle {value}: {changed} Rutschungen bekommen einen anderen Umriss und behalten ihre Nummer, {added} sind neu, {removed} verschwinden, {same} bleiben. {kept}, über die jemand entschieden hat, werden nicht angerührt.</translation>
    </message>
    <message>
      <source>The inventory cannot be copied: {path} is gone or cannot be read.</source>
      <translation>Das Inventar kann nicht kopiert werden: {path} ist fort oder nicht lesbar.</translation>
    </message>
    <message>
      <source>At the threshold {value} every outline stays as it is.</source>
      <translation>Bei der Schwelle {value} bleibt jeder Umriss, wie er ist.</translation>
    </message>
    <message>
      <source>Nothing of this landslide is left at that threshold; reject it, or lower the threshold.</source>
      <translation>Bei diesem Schwellenwert bleibt nichts von der Rutschung; lehnen Sie sie ab oder senken Sie den Schwellenwert.</translation>
    </message>
    <message>
      <source>about a minute left</source>
      <translation>noch etwa eine Minute</translation>
    </message>
    <message>
      <source>about {n} hours left</source>
      <translation>noch etwa {n} Stunden</translation>
    </message>
    <message>
      <source>about {n} minutes left</source>
      <translation>noch etwa {n} Minuten</translation>
    </message>
    <message>
      <source>Order</source>
      <translation>Reihenfolge</translation>
    </message>
    <message>
      <source>open only</source>
      <translation>nur offene</translation>
    </message>
    <message>
      <source>Pass over landslides on which somebody decided</source>
      <translation>Rutschungen überspringen, über die jemand entschieden hat</translation>
    </message>
    <message>
      <source>Current landslide</source>
      <translation>Aktuelle Rutschung</translation>
    </message>
    <message>
      <source>Somebody else should look at it; it stays open</source>
      <translation>Jemand anders soll sie ansehen; sie bleibt offen</translation>
    </message>
    <message>
      <source>Decide on the selection, on all in view, or on all that meet a rule</source>
      <translation>Über die Auswahl, über alle im Bild oder über alle entscheiden, die eine Regel erfüllen</translation>
    </message>
    <message>
      <source>The digits 1 to 9 reject at once with the reason of that number</source>
      <translation>Die Ziffern 1 bis 9 lehnen sofort mit dem Grund dieser Nummer ab</translation>
    </message>
    <message>
      <source>Event of all landslides…</source>
      <translation>Ereignis aller Rutschungen…</translation>
    </message>
    <message>
      <source>Event, dates, trigger and material, once for the whole inventory</source>
      <translation>Ereignis, Daten, Auslöser und Material, einmal für das ganze Inventar</translation>
    </message>
    <message>
      <source>Export…</source>
      <translation>Exportieren…</translation>
    </message>
    <message>
      <source>Training patches…</source>
      <translation>Trainingskacheln…</translation>
    </message>
    <message>
      <source>Cuts labelled patches around reviewed landslides, for “Train a model”</source>
      <translation>Schneidet Bildausschnitte um geprüfte Rutschungen, für „Modell trainieren“</translation>
    </message>
    <message>
      <source>Reviewers…</source>
      <translation>Prüfer…</translation>
    </message>
    <message>
      <source>Hand out parts to several reviewers, and merge their decisions</source>
      <translation>Teile an mehrere Prüfer ausgeben und ihre Entscheidungen zusammenführen</translation>
    </message>
    <message>
      <source>Share…</source>
      <translation>Teilen…</translation>
    </message>
    <message>
      <source>One HTML file with an interactive map, for people without a GIS</source>
      <translation>Eine HTML-Datei mit interaktiver Karte, für Menschen ohne GIS</translation>
    </message>
    <message>
      <source>✔  Accept</source>
      <translation>✔  Annehmen</translation>
    </message>
    <message>
      <source>✖  Reject</source>
      <translation>✖  Ablehnen</translation>
    </message>
    <message>
      <source>?  Needs review</source>
      <translation>?  Zweiter Blick</translation>
    </message>
    <message>
      <source>Many…</source>
      <translation>Viele…</translation>
    </message>
    <message>
      <source>Polygon</source>
      <translation>Polygon</translation>
    </message>
    <message>
      <source>Freehand</source>
      <translation>Freihand</translation>
    </message>
    <message>
      <source>Brush +</source>
      <translation>Pinsel +</translation>
    </message>
    <message>
      <source>Brush −</source>
      <translation>Pinsel −</translation>
    </message>
    <message>
      <source>Type</source>
      <translation>Typ</translation>
    </message>
    <message>
      <source>your name or initials</source>
      <translation>Ihr Name oder Kürzel</translation>
    </message>
    <message>
      <source>most doubtful first</source>
      <translation>zweifelhafteste zuerst</translation>
    </message>
    <message>
      <source>largest first</source>
      <translation>größte zuerst</translation>
    </message>
    <message>
      <source>smallest first</source>
      <translation>kleinste zuerst</translation>
    </message>
    <message>
      <source>from place to place</source>
      <translation>von Ort zu Ort</translation>
    </message>
    <message>
      <source>by number</source>
      <translation>nach Nummer</translation>
    </message>
    <message>
      <source>specks in order</source>
      <translation>Splitter der Reihe nach</translation>
    </message>
    <message>
      <source>specks first</source>
      <translation>Splitter zuerst</translation>
    </message>
    <message>
      <source>specks last</source>
      <translation>Splitter zuletzt</translation>
    </message>
    <message>
      <source>Reason (1–9)</source>
      <translation>Grund (1–9)</translation>
    </message>
    <message>
      <source>anything worth keeping</source>
      <translation>was bleiben soll</translation>
    </message>
    <message>
      <source>Specks are landslides below {area} m²</source>
      <translation>Splitter sind Rutschungen unter {area} m²</translation>
    </message>
    <message>
      <source>here</source>
      <translation>hier</translation>
    </message>
    <message>
      <source>{source}: removed</source>
      <translation>{source}: entfernt</translation>
    </message>
    <message>
      <source>Other reason</source>
      <translation>Anderer Grund</translation>
    </message>
    <message>
      <source>pending</source>
      <translation>offen</translation>
    </message>
    <message>
      <source>needs review</source>
      <translation>zweiter Blick nötig</translation>
    </message>
    <message>
      <source>accepted</source>
      <translation>angenommen</translation>
    </message>
    <message>
      <source>edited</source>
      <translation>bearbeitet</translation>
    </message>
    <message>
      <source>rejected</source>
      <translation>abgelehnt</translation>
    </message>
    <message>
      <source>Outline from the probability</source>
      <translation>Umriss aus der Wahrscheinlichkeit</translation>
    </message>
    <message>
      <source>Outlines follow at once on the map; nothing is changed before “Apply”</source>
      <translation>Die Umrisse folgen sofort auf der Karte; vor „Anwenden“ wird nichts geändert</translation>
    </message>
    <message>
      <source>this landslide</source>
      <translation>diese Rutschung</translation>
    </message>
    <message>
      <source>whole layer</source>
      <translation>ganzer Layer</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Anwenden</translation>
    </message>
    <message>
      <source>Click on a landslide that was missed: it grows from the probability around the click, at the threshold above</source>
      <translation>Klicken Sie auf eine übersehene Rutschung: sie wächst aus der Wahrscheinlichkeit um den Klick, beim obigen Schwellenwert</translation>
    </message>
    <message>
      <source>Draw and correct</source>
      <translation>Zeichnen und berichtigen</translation>
    </message>
    <message>
      <source>Draw a landslide that was missed: click its corners, end with the right button</source>
      <translation>Eine übersehene Rutschung zeichnen: Ecken anklicken, mit der rechten Taste beenden</translation>
    </message>
    <message>
      <source>Draw around a landslide that was missed with the button held down</source>
      <translation>Mit gedrückter Taste um eine übersehene Rutschung fahren</translation>
    </message>
    <message>
      <source>Paint ground that belongs to this landslide; Ctrl and the wheel change the size</source>
      <translation>Boden malen, der zu dieser Rutschung gehört; Strg und Rad ändern die Größe</translation>
    </message>
    <message>
      <source>Cut ground away from this landslide; Ctrl and the wheel change the size</source>
      <translation>Boden von dieser Rutschung wegnehmen; Strg und Rad ändern die Größe</translation>
    </message>
    <message>
      <source>QGIS's own editing, with snapping; press again to save</source>
      <translation>Bearbeitung mit den Werkzeugen von QGIS, mit Einrasten; erneut drücken speichert</translation>
    </message>
    <message>
      <source>Split</source>
      <translation>Teilen</translation>
    </message>
    <message>
      <source>Draw a line across a landslide</source>
      <translation>Eine Linie quer über eine Rutschung ziehen</translation>
    </message>
    <message>
      <source>Merge</source>
      <translation>Verschmelzen</translation>
    </message>
    <message>
      <source>Select two or more landslides, then merge them</source>
      <translation>Zwei oder mehr Rutschungen auswählen, dann verschmelzen</translation>
    </message>
    <message>
      <source>Compare</source>
      <translation>Vergleichen</translation>
    </message>
    <message>
      <source>Shows another layer right of a line in the map; draw the line aside with the mouse or the slider</source>
      <translation>Zeigt einen anderen Layer rechts einer Linie in der Karte; ziehen Sie die Linie mit der Maus oder dem Regler</translation>
    </message>
    <message>
      <source>Shows another layer in a second map that moves with the first</source>
      <translation>Zeigt eine andere Ebene in einer zweiten Karte, die sich mit der ersten bewegt</translation>
    </message>
    <message>
      <source>Swipe to</source>
      <translation>Vorhang zu</translation>
    </message>
    <message>
      <source>Save edits</source>
      <translation>Speichern</translation>
    </message>
    <message>
      <source>Vertices</source>
      <translation>Stützpunkte</translation>
    </message>
    <message>
      <source>Please cite:</source>
      <translation>Bitte zitieren:</translation>
    </message>
    <message>
      <source>Website</source>
      <translation>Webseite</translation>
    </message>
    <message>
      <source>Report a problem</source>
      <translation>Ein Problem melden</translation>
    </message>
    <message>
      <source>Source</source>
      <translation>Quelltext</translation>
    </message>
    <message>
      <source>Free software under the {licence}, without any warranty.</source>
      <translation>Freie Software unter der {licence}, ohne jede Gewähr.</translation>
    </message>
    <message>
      <source>Remove the engine from this computer? Results and models stay.</source>
      <translation>Die Engine von diesem Rechner entfernen? Ergebnisse und Modelle bleiben.</translation>
    </message>
    <message>
      <source>About</source>
      <translation>Über</translation>
    </message>
    <message>
      <source>Device</source>
      <translation>Gerät</translation>
    </message>
    <message>
      <source>Uninstall the engine</source>
      <translation>Engine deinstallieren</translation>
    </message>
    <message>
      <source>Install or repair…</source>
      <translation>Installieren oder reparieren …</translation>
    </message>
    <message>
      <source>Engine</source>
      <translation>Engine</translation>
    </message>
    <message>
      <source>Ground around a landslide, by its size</source>
      <translation>Boden um eine Rutschung, nach ihrer Größe</translation>
    </message>
    <message>
      <source>Ground around a landslide, at least</source>
      <translation>Boden um eine Rutschung, mindestens</translation>
    </message>
    <message>
      <source>Specks are smaller than</source>
      <translation>Klein heißt kleiner als</translation>
    </message>
    <message>
      <source>Radius of the brush</source>
      <translation>Radius des Pinsels</translation>
    </message>
    <message>
      <source>Outline of the landslide at hand</source>
      <translation>Umriss der vorliegenden Rutschung</translation>
    </message>
    <message>
      <source>Outlines that are only proposed</source>
      <translation>Umrisse, die nur vorgeschlagen sind</translation>
    </message>
    <message>
      <source>Keys of the review</source>
      <translation>Tasten der Prüfung</translation>
    </message>
    <message>
      <source>{keys}: chosen for more than one action; the first one gets it.</source>
      <translation>{keys}: für mehr als eine Aktion gewählt; die erste bekommt sie.</translation>
    </message>
    <message>
      <source>{size} MB in {folder}</source>
      <translation>{size} MB in {folder}</translation>
    </message>
    <message>
      <source>Looking for Python and the installer…</source>
      <translation>Python und Installationsprogramm werden gesucht…</translation>
    </message>
    <message>
      <source>Making an environment of its own…</source>
      <translation>Eine eigene Umgebung wird angelegt…</translation>
    </message>
    <message>
      <source>Downloading and installing packages…</source>
      <translation>Pakete werden geladen und installiert…</translation>
    </message>
    <message>
      <source>Checking that the engine starts…</source>
      <translation>Prüfung, ob die Engine startet…</translation>
    </message>
    <message>
      <source>Done.</source>
      <translation>Fertig.</translation>
    </message>
    <message>
      <source>&lt;p&gt;Landslides are detected by an &lt;b&gt;engine&lt;/b&gt; that runs beside QGIS in a Python of its own. It is installed once, without administrator rights, and nothing of QGIS is changed.&lt;/p&gt;&lt;p&gt;Folder: &lt;tt&gt;{folder}&lt;/tt&gt;&lt;br&gt;Packages come from the Python Package Index (pypi.org).&lt;/p&gt;</source>
      <translation>&lt;p&gt;Rutschungen werden von einer &lt;b&gt;Engine&lt;/b&gt; erkannt, die neben QGIS in einem eigenen Python läuft. Sie wird einmal installiert, ohne Administratorrechte, und an QGIS wird nichts geändert.&lt;/p&gt;&lt;p&gt;Ordner: &lt;tt&gt;{folder}&lt;/tt&gt;&lt;br&gt;Die Pakete kommen vom Python Package Index (pypi.org).&lt;/p&gt;</translation>
    </message>
    <message>
      <source>The engine is not installed yet.</source>
      <translation>Die Engine ist noch nicht installiert.</translation>
    </message>
    <message>
      <source>The engine belongs to another version of this plugin.</source>
      <translation>Die Engine gehört zu einer anderen Version dieses Plugins.</translation>
    </message>
    <message>
      <source>The engine's folder is damaged or was removed.</source>
      <translation>Der Ordner der Engine ist beschädigt oder wurde entfernt.</translation>
    </message>
    <message>
      <source>Python of your own</source>
      <translation>Eigenes Python</translation>
    </message>
    <message>
      <source>Landslide engine</source>
      <translation>Rutschungs-Engine</translation>
    </message>
    <message>
      <source>No network, or a Python of your own</source>
      <translation>Kein Netz oder ein eigenes Python</translation>
    </message>
    <message>
      <source>A folder that holds all packages as wheels; nothing is downloaded then. The help page says how to fill it.</source>
      <translation>Ein Ordner, der alle Pakete als Wheels enthält; dann wird nichts geladen. Die Hilfeseite sagt, wie man ihn füllt.</translation>
    </message>
    <message>
      <source>&amp;Offline folder</source>
      <translation>&amp;Offline-Ordner</translation>
    </message>
    <message>
      <source>The Python 3.10 to 3.13 on which the environment is built; found by itself where this is empty.</source>
      <translation>Das Python 3.10 bis 3.13, auf dem die Umgebung aufbaut; wird selbst gefunden, wenn dies leer ist.</translation>
    </message>
    <message>
      <source>&amp;Build on Python</source>
      <translation>&amp;Aufbauen auf Python</translation>
    </message>
    <message>
      <source>A Python in which the engine is installed already, such as that of a Conda environment. Nothing is installed then.</source>
      <translation>Ein Python, in dem die Engine schon installiert ist, etwa das einer Conda-Umgebung. Dann wird nichts installiert.</translation>
    </message>
    <message>
      <source>&amp;Use Python with engine</source>
      <translation>&amp;Python mit Engine verwenden</translation>
    </message>
    <message>
      <source>&amp;Newest packages instead of the tested ones</source>
      <translation>&amp;Neueste Pakete statt der geprüften</translation>
    </message>
    <message>
      <source>For package servers of an institute that hold other files than pypi.org: versions and hashes are not checked then.</source>
      <translation>Für Paketserver eines Instituts, die andere Dateien als pypi.org halten: Versionen und Prüfsummen werden dann nicht verglichen.</translation>
    </message>
    <message>
      <source>Check and use</source>
      <translation>Prüfen und verwenden</translation>
    </message>
    <message>
      <source>&amp;Check</source>
      <translation>&amp;Prüfen</translation>
    </message>
    <message>
      <source>&amp;Stop</source>
      <translation>&amp;Anhalten</translation>
    </message>
    <message>
      <source>&amp;Install</source>
      <translation>&amp;Installieren</translation>
    </message>
    <message>
      <source>Re&amp;install</source>
      <translation>Neu &amp;installieren</translation>
    </message>
    <message>
      <source>The engine is installed.</source>
      <translation>Die Engine ist installiert.</translation>
    </message>
    <message>
      <source>Checking the landslide engine</source>
      <translation>Die Rutschungs-Engine wird geprüft</translation>
    </message>
    <message>
      <source>The engine works.</source>
      <translation>Die Engine funktioniert.</translation>
    </message>
    <message>
      <source>Ask the engine for its versions, devices and models</source>
      <translation>Die Engine nach Versionen, Geräten und Modellen fragen</translation>
    </message>
    <message>
      <source>The engine is installed, but another Python is chosen, and that one fails.</source>
      <translation>Die Engine ist installiert, aber ein anderes Python ist gewählt, und das versagt.</translation>
    </message>
    <message>
      <source>The installation was cancelled; nothing of it is left.</source>
      <translation>Die Installation wurde abgebrochen; nichts davon bleibt zurück.</translation>
    </message>
    <message>
      <source>Stopped.</source>
      <translation>Angehalten.</translation>
    </message>
    <message>
      <source>Light installation</source>
      <translation>Leichte Installation</translation>
    </message>
    <message>
      <source>Full installation</source>
      <translation>Volle Installation</translation>
    </message>
    <message>
      <source>&amp;Light: detection on the processor, {size} on disk</source>
      <translation>&amp;Leicht: Erkennung auf dem Prozessor, {size} auf der Platte</translation>
    </message>
    <message>
      <source>&amp;Full: also NVIDIA GPUs (CUDA) and training, {size} on disk</source>
      <translation>&amp;Voll: auch NVIDIA-Grafikkarten (CUDA) und Training, {size} auf der Platte</translation>
    </message>
    <message>
      <source>&lt;b&gt;Ready.&lt;/b&gt; {kind}: &lt;tt&gt;{python}&lt;/tt&gt;</source>
      <translation>&lt;b&gt;Bereit.&lt;/b&gt; {kind}: &lt;tt&gt;{python}&lt;/tt&gt;</translation>
    </message>
    <message>
      <source>&amp;Repair</source>
      <translation>&amp;Reparieren</translation>
    </message>
    <message>
      <source>The environment variable &lt;tt&gt;{name}&lt;/tt&gt; chooses this Python, before anything installed here; unset it and restart QGIS to use another.</source>
      <translation>Die Umgebungsvariable &lt;tt&gt;{name}&lt;/tt&gt; wählt dieses Python, vor allem hier Installierten; um ein anderes zu verwenden, die Variable entfernen und QGIS neu starten.</translation>
    </message>
    <message>
      <source>Installing the landslide engine</source>
      <translation>Die Rutschungs-Engine wird installiert</translation>
    </message>
    <message>
      <source>Landslide statistics</source>
      <translation>Statistik der Rutschungen</translation>
    </message>
    <message>
      <source>Count</source>
      <translation>Zählen</translation>
    </message>
    <message>
      <source>Fewer than 100 landslides: the plot says little.</source>
      <translation>Weniger als 100 Rutschungen: Die Kurve sagt wenig.</translation>
    </message>
    <message>
      <source>accepted and edited</source>
      <translation>angenommene und bearbeitete</translation>
    </message>
    <message>
      <source>selected</source>
      <translation>gewählte</translation>
    </message>
    <message>
      <source>How often landslides of each area are</source>
      <translation>Wie häufig Rutschungen jeder Fläche sind</translation>
    </message>
    <message>
      <source>Directions in which they look</source>
      <translation>Richtungen, in die sie blicken</translation>
    </message>
    <message>
      <source>Choose an inventory.</source>
      <translation>Ein Inventar wählen.</translation>
    </message>
    <message>
      <source>Landslides: {n}</source>
      <translation>Rutschungen: {n}</translation>
    </message>
    <message>
      <source>Area together: {area} km²</source>
      <translation>Fläche zusammen: {area} km²</translation>
    </message>
    <message>
      <source>Median area: {area} m²</source>
      <translation>Mittlere Fläche (Median): {area} m²</translation>
    </message>
    <message>
      <source>Largest: {area} m²</source>
      <translation>Größte: {area} m²</translation>
    </message>
    <message>
      <source>Magnitude log₁₀ N: {value}</source>
      <translation>Magnitude log₁₀ N: {value}</translation>
    </message>
    <message>
      <source>area (m²)</source>
      <translation>Fläche (m²)</translation>
    </message>
    <message>
      <source>probability density (1/m²)</source>
      <translation>Wahrscheinlichkeitsdichte (1/m²)</translation>
    </message>
    <message>
      <source>N</source>
      <translation>N</translation>
    </message>
    <message>
      <source>NE</source>
      <translation>NO</translation>
    </message>
    <message>
      <source>E</source>
      <translation>O</translation>
    </message>
    <message>
      <source>SE</source>
      <translation>SO</translation>
    </message>
    <message>
      <source>S</source>
      <translation>S</translation>
    </message>
    <message>
      <source>SW</source>
      <translation>SW</translation>
    </message>
    <message>
      <source>W</source>
      <translation>W</translation>
    </message>
    <message>
      <source>NW</source>
      <translation>NW</translation>
    </message>
    <message>
      <source>no landslides</source>
      <translation>keine Rutschungen</translation>
    </message>
    <message>
      <source>no aspects</source>
      <translation>keine Expositionen</translation>
    </message>
    <message>
      <source>The disk is full. Free some space, then press “Install” again.</source>
      <translation>Der Datenträger ist voll. Schaffen Sie Platz und drücken Sie erneut „Installieren“.</translation>
    </message>
    <message>
      <source>Another program, often a virus scanner, holds a file. Exclude the folder above from scanning or wait a minute, then press “Install” again.</source>
      <translation>Ein anderes Programm, oft ein Virenscanner, hält eine Datei fest. Nehmen Sie den obigen Ordner von der Prüfung aus oder warten Sie eine Minute, und drücken Sie erneut „Installieren“.</translation>
    </message>
    <message>
      <source>The proxy refused the connection. Set it under Settings ▸ Options ▸ Network, with user name and password, then press “Install” again.</source>
      <translation>Der Proxy lehnte die Verbindung ab. Stellen Sie ihn unter Einstellungen ▸ Optionen ▸ Netzwerk ein, mit Benutzername und Passwort, und drücken Sie erneut „Installieren“.</translation>
    </message>
    <message>
      <source>The certificate of the package server is not trusted, as in networks that inspect traffic. Ask your administrator to add the network's certificate to the system's store, or install from an offline folder.</source>
      <translation>Dem Zertifikat des Paketservers wird nicht vertraut, wie in Netzen, die den Verkehr prüfen. Bitten Sie Ihren Administrator, das Zertifikat des Netzes im System zu hinterlegen, oder installieren Sie aus einem Offline-Ordner.</translation>
    </message>
    <message>
      <source>The folder above cannot be written. Ask your administrator, or choose an interpreter that already holds the engine.</source>
      <translation>Der obige Ordner ist nicht beschreibbar. Fragen Sie Ihren Administrator oder wählen Sie ein Python, das die Engine schon enthält.</translation>
    </message>
    <message>
      <source>The package server cannot be reached. Check the connection and the proxy under Settings ▸ Options ▸ Network, or install from an offline folder.</source>
      <translation>Der Paketserver ist nicht erreichbar. Prüfen Sie die Verbindung und den Proxy unter Einstellungen ▸ Optionen ▸ Netzwerk, oder installieren Sie aus einem Offline-Ordner.</translation>
    </message>
    <message>
      <source>A package is not available for this computer's Python. Choose a Python between 3.10 and 3.13, or complete the offline folder.</source>
      <translation>Ein Paket gibt es für das Python dieses Rechners nicht. Wählen Sie ein Python von 3.10 bis 3.13 oder vervollständigen Sie den Offline-Ordner.</translation>
    </message>
    <message>
      <source>No suitable Python was found. Install Python 3.10 to 3.13 and choose it here.</source>
      <translation>Kein passendes Python gefunden. Installieren Sie Python 3.10 bis 3.13 und wählen Sie es hier.</translation>
    </message>
    <message>
      <source>Another QGIS is installing the engine at this moment. Wait until it is done.</source>
      <translation>Ein anderes QGIS installiert die Engine gerade. Warten Sie, bis es fertig ist.</translation>
    </message>
    <message>
      <source>The packages were installed, but the engine does not start. The log says why; try again or choose another Python.</source>
      <translation>Die Pakete wurden installiert, aber die Engine startet nicht. Das Protokoll sagt, warum; versuchen Sie es erneut oder wählen Sie ein anderes Python.</translation>
    </message>
    <message>
      <source>The installation failed. The log shows what the installer said.</source>
      <translation>Die Installation schlug fehl. Das Protokoll zeigt, was das Installationsprogramm sagte.</translation>
    </message>
    <message>
      <source>PyTorch is no longer made for Macs with Intel processors, so the full installation is impossible here. The light one works.</source>
      <translation>PyTorch wird für Macs mit Intel-Prozessor nicht mehr gebaut, daher ist die volle Installation hier unmöglich. Die leichte geht.</translation>
    </message>
  </context>
</TS>